declare const assert: {
  equal(actual: unknown, expected: unknown, message?: string): void;
  deepEqual(actual: unknown, expected: unknown, message?: string): void;
  ok(value: unknown, message?: string): void;
  rejects(promise: Promise<unknown>, check: (error: unknown) => boolean): Promise<void>;
};
export default assert;
