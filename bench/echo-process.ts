/** The measure of everything else: node:https with the door's own TLS options, which sends each body back and does no more. */
import { createServer, type Server } from 'node:https';
import { serverTlsOptions, type TlsMaterial } from '../certs/tls-options.ts';
import { answering } from './child.ts';

export type EchoQuestions = {
  /** The port it listens on. */
  open(material: TlsMaterial): Promise<number>;
};

let server: Server | undefined;

const questions: EchoQuestions = {
  async open(material) {
    const made = createServer(serverTlsOptions(material), (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
        response.end(body);
      });
    });
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const address = made.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  },
};

answering(questions, () => {
  server?.closeAllConnections();
  server?.close();
});
