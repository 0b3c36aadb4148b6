import { useRef, useState } from "react";
import { parseFile } from "../../api/calls";
import { ApiError } from "../../api/http";
import { fields, text } from "../../api/parse";
import type { Named } from "../../api/types";
import { Field } from "./fields";
import type { Source } from "./request";

interface SourceFieldProps {
  readonly label: string;
  readonly kind: "workloads" | "templates";
  readonly shipped: readonly Named[];
  readonly value: Source;
  readonly error: string | undefined;
  readonly onChange: (value: Source) => void;
}

const kLargestFile = 4 << 20; // bytes: as much as the daemon takes as text

// A shipped workload or template by its name, or one from a file that the daemon reads.
export function SourceField({ label, kind, shipped, value, error, onChange }: SourceFieldProps): JSX.Element {
  const picker = useRef<HTMLInputElement>(null);
  const [fileError, setFileError] = useState<string>();
  const read = async (file: File) => {
    setFileError(undefined);
    try {
      if (file.size > kLargestFile) throw new ApiError(`${file.name} has more than 4 MiB.`, 0);
      const message = await parseFile(kind, await file.text());
      onChange({ name: text(fields(message)["name"]), file: { name: file.name, message } });
    } catch (cause) {
      setFileError(`${file.name}: ${cause instanceof ApiError ? cause.message : String(cause)}`);
    }
  };
  const chosen = shipped.find((one) => one.name === value.name);
  return (
    <Field label={label} error={fileError ?? error} {...(chosen && !value.file ? { hint: chosen.description } : {})}>
      {(attributes) => (
        <div className="source">
          <select {...attributes} value={value.file ? "\0" : value.name} onChange={(event) => onChange({ name: event.target.value, file: undefined })}>
            {value.file && <option value={"\0"}>{value.file.name} ({value.name})</option>}
            <option value="">choose…</option>
            {shipped.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
          <button type="button" onClick={() => picker.current?.click()}>File…</button>
          <input ref={picker} type="file" accept=".yaml,.yml,.json" className="visually-hidden" tabIndex={-1} aria-label={`${label}: a YAML or JSON file`}
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              if (file) void read(file);
              event.target.value = "";
            }} />
        </div>
      )}
    </Field>
  );
}
