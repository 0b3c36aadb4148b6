// Hands the reader a file that the page has made.
export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
