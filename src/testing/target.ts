/** Which sockets a fault is for. Default: all. */
export interface Target {
  subject?: string | undefined;
  namespace?: string | undefined;
}

/** Whether a fault is for this user in this namespace. */
export function isFor(target: Target, namespace: string, subject: string | undefined): boolean {
  return (
    (target.namespace ?? namespace) === namespace &&
    (target.subject === undefined || target.subject === subject)
  );
}
