/**
 * Makes methods work without their object, as `const { subscribe } = auth` needs it. And keeps Vue from putting a proxy before
 * the object, in a `ref()` or a store of Pinia's: behind one, nothing private can be read.
 */
export function bindMethods<T extends object>(object: T, ...names: (keyof T)[]): void {
  for (const name of names) {
    const value = (object[name] as () => unknown).bind(object);
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  }
  Object.defineProperty(object, "__v_skip", { value: true });
}
