/** Makes methods work without their object, as `const { subscribe } = auth` needs it. */
export function bindMethods<T extends object>(object: T, ...names: (keyof T)[]): void {
  for (const name of names) {
    const value = (object[name] as () => unknown).bind(object);
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  }
}
