/** Tells tokens apart without a second copy of one (S1): a 32-bit FNV-1a hash, which leads back to nothing. */
export function fingerprint(token: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < token.length; index++) {
    hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
