import { Store } from "./store";

// "auto" is as the system has it.
export type Theme = "auto" | "light" | "dark";

const kKey = "oneloop.theme";

function stored(): Theme {
  try {
    const value = window.localStorage.getItem(kKey);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

export const theme = new Store<Theme>(stored());

// The colours in use, for what is drawn on canvases: changes when the theme or the system's does.
export const scheme = new Store<"light" | "dark">("light");

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  const chosen = theme.get();
  const dark = chosen === "dark" || (chosen === "auto" && systemDark.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  scheme.set(dark ? "dark" : "light");
}

export function setTheme(value: Theme): void {
  theme.set(value);
  try {
    if (value === "auto") window.localStorage.removeItem(kKey);
    else window.localStorage.setItem(kKey, value);
  } catch {
    // Without storage it lasts as long as the page.
  }
  apply();
}

systemDark.addEventListener("change", apply);
apply();
