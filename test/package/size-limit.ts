/**
 * Bytes of gzip that the package may add to an app, socket.io-client excluded since it is there already. 5 000 is what it
 * should come down to (README, "What is not yet done").
 */
export const sizeLimit = 16_000;
