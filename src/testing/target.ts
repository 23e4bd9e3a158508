/** Which sockets a fault is for. Default: all. */
export interface Target {
  subject?: string | undefined;
  namespace?: string | undefined;
}

/** A namespace's name, which may be said without its slash. */
export function nameOf(namespace: string): string {
  return namespace.startsWith("/") ? namespace : `/${namespace}`;
}

/** Whether a fault is for this user in this namespace. */
export function isFor(target: Target, namespace: string, subject: string | undefined): boolean {
  return (
    nameOf(target.namespace ?? namespace) === namespace &&
    (target.subject === undefined || target.subject === subject)
  );
}
