export type Validator<T> = (props: Record<string, T>, name: string) => Error | null;
export type Requireable<T> = Validator<T | undefined | null>;
export type ValidationMap<T> = { readonly [Key in keyof T]?: Validator<T[Key]> };
export type ReactNodeLike = string | number | boolean | object | null | undefined;
export type ReactElementLike = object;
export type WeakValidationMap<T> = ValidationMap<T>;
export type InferProps<T> = { readonly [Key in keyof T]: unknown };
