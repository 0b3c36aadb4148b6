import { useId, type ReactNode } from "react";

interface FieldProps {
  readonly label: string;
  readonly error: string | undefined;
  readonly hint?: string;
  readonly children: (attributes: { readonly id: string; readonly "aria-invalid": boolean; readonly "aria-describedby": string }) => ReactNode;
}

// A labelled control with what the daemon says about its value below it.
export function Field({ label, error, hint, children }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}{hint && <span className="faint"> {hint}</span>}</label>
      {children({ id, "aria-invalid": error !== undefined, "aria-describedby": `${id}-error` })}
      <span id={`${id}-error`} className="field-error" role={error ? "alert" : undefined}>{error ?? ""}</span>
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly number?: boolean;
  readonly placeholder?: string;
  readonly onChange: (value: string) => void;
}

export function TextField({ label, hint, value, error, number = false, placeholder, onChange }: TextFieldProps): JSX.Element {
  return (
    <Field label={label} error={error} {...(hint ? { hint } : {})}>
      {(attributes) => (
        <input {...attributes} value={value} placeholder={placeholder} inputMode={number ? "decimal" : "text"} autoComplete="off"
          onChange={(event) => onChange(event.target.value)} />
      )}
    </Field>
  );
}
