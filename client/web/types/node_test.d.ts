// What the tests use of Node.
export default function test(name: string, body: () => void | Promise<void>): void;
