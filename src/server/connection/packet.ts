/** As Socket.IO numbers its packets. */
export const DISCONNECT = 1;
export const EVENT = 2;
export const BINARY_EVENT = 5;
