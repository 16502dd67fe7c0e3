/** One kept-alive connection of a connected system: writes prepared bytes and reads no more of the answer than it must. */
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

const HEAD_END = Buffer.from('\r\n\r\n');
/** Every connection's bytes arrive here and are looked at before the next ones do. */
const arrived = Buffer.allocUnsafeSlow(65_536);

export interface ConnectionEvents {
  /** The whole answer is here. */
  answered(status: number): void;
  /** The connection is gone; an answer that was waited for will not come. */
  closed(): void;
}

export class Connection {
  readonly #socket: TLSSocket;
  readonly #events: ConnectionEvents;
  #head: Buffer | undefined;
  #status = 0;
  #missing_bytes = 0;

  private constructor(socket: TLSSocket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.once('close', () => events.closed());
  }

  /** Resolves when the handshake is done; rejects where it fails or takes longer than `within_ms`. */
  static open(options: ConnectionOptions, events: ConnectionEvents, within_ms: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const onread = {
        buffer: arrived,
        callback: (length: number) => {
          connection.#read(length);
          return true;
        },
      };
      const withReader: ConnectionOptions & { onread: typeof onread } = { ...options, onread };
      const socket = connect(withReader);
      const connection = new Connection(socket, events);
      const late = setTimeout(() => socket.destroy(new Error('no handshake in time')), within_ms);
      socket.setNoDelay(true);
      socket.once('secureConnect', () => {
        clearTimeout(late);
        resolve(connection);
      });
      socket.once('error', (error) => {
        clearTimeout(late);
        reject(error);
      });
      socket.on('error', () => undefined);
    });
  }

  write(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(length: number): void {
    if (this.#missing_bytes > 0) {
      this.#missing_bytes -= length;
      if (this.#missing_bytes <= 0) this.#events.answered(this.#status);
      return;
    }
    let bytes = arrived.subarray(0, length);
    if (this.#head !== undefined) bytes = Buffer.concat([this.#head, bytes]);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = Buffer.from(bytes);
      return;
    }
    this.#head = undefined;
    const head = bytes.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const declared = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (declared === null) {
      this.#socket.destroy(); // an answer without a length is none that these requests get
      return;
    }
    this.#missing_bytes = Number(declared[1]) - (bytes.length - end - HEAD_END.length);
    if (this.#missing_bytes <= 0) this.#events.answered(this.#status);
  }
}
