/** What a Manager tells of a packet that has arrived. */
export interface Packet {
  nsp: string;
  type: number;
  data?: unknown;
  /** of the acknowledgement that is wanted */
  id?: number | undefined;
}

/** As Socket.IO numbers its packets. */
export const CONNECT = 0;
export const DISCONNECT = 1;
export const ACK = 3;
export const CONNECT_ERROR = 4;
export const BINARY_ACK = 6;
