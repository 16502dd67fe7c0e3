import { connect as connectTcp, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Issued } from '../../certs/authority.ts';
import { Agent, credentials, eventually, type Hall, handshake, knock, openHall, refusal } from './hall.ts';

describe('the limits of a door', () => {
  let hall: Hall;
  let client: Issued;
  const opened: Socket[] = [];
  let dripping: NodeJS.Timeout | undefined;
  const drip = (drop: () => void) => {
    dripping = setInterval(drop, 20);
  };

  async function open(limits: Parameters<typeof openHall>[0]): Promise<void> {
    hall = await openHall(limits);
    client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
  }
  afterEach(async () => {
    clearInterval(dripping);
    for (const socket of opened.splice(0)) socket.destroy();
    await hall.close();
  });

  it('cut half-open handshakes, silent or trickling, while a good client is served', async () => {
    await open({ limits: { handshake_ms: 150 } });
    const silent = await Promise.all(Array.from({ length: 20 }, () => tcp(hall)));
    const trickling = await Promise.all(Array.from({ length: 5 }, () => tcp(hall)));
    // A ClientHello of 508 bytes that comes a byte at a time.
    for (const socket of trickling) socket.write(Buffer.from('16030102000100' + '01fc0303', 'hex'));
    drip(() => {
      for (const socket of trickling) socket.write(Buffer.from([0]));
    });
    await eventually(() => hall.door.connections() === 25, 'all connections to be open');
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
    await eventually(() => hall.door.connections() === 0, 'all half-open connections to be cut', 1_500);
    expect([...silent, ...trickling].every((socket) => socket.destroyed || socket.readableEnded)).to.equal(true);
    expect(hall.refusals.filter((refused) => refused.reason === 'handshake-timeout')).to.have.length(25);
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
  });

  it('cut senders of slow headers, also those that send nothing, with 408', async () => {
    await open({ limits: { headers_ms: 150, request_ms: 150, sweep_ms: 30 } });
    const mute = await handshake(hall, credentials(hall, client));
    const slow = await handshake(hall, credentials(hall, client));
    const said = collect(slow);
    drip(() => slow.write('X-A: b\r\n'));
    slow.write('POST / HTTP/1.1\r\nHost: hub\r\n');
    opened.push(slow, mute);
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
    await eventually(() => hall.door.connections() === 0, 'the slow ones to be cut', 1_500);
    await eventually(() => slow.destroyed || slow.readableEnded, 'the end');
    expect(said()).to.match(/^HTTP\/1\.1 408 /);
    await hall.refused('request-timeout');
    expect(hall.served).to.have.length(1);
  });

  it('cut a body that trickles', async () => {
    await open({ limits: { headers_ms: 100, request_ms: 200, sweep_ms: 30 } });
    const slow = await handshake(hall, credentials(hall, client));
    opened.push(slow);
    slow.on('error', () => {});
    slow.write('POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\n');
    drip(() => slow.write('x'));
    await hall.refused('request-timeout');
    await eventually(() => hall.door.connections() === 0, 'the slow one to be cut');
    expect(hall.served).to.deep.equal([]);
  });

  it('end a connection that idles between two requests', async () => {
    await open({ limits: { keepAlive_ms: 50, sweep_ms: 20 } });
    const agent = new Agent({ ...credentials(hall, client), keepAlive: true });
    expect((await knock(hall, { agent })).status).to.equal(200);
    await eventually(() => hall.door.connections() === 0, 'the idle connection to be cut', 2_500);
    agent.destroy();
  });

  it('give one address so many connections and no more, until one of them ends', async () => {
    await open({ limits: { connectionsPerAddress: 3 } });
    const held = await Promise.all(Array.from({ length: 3 }, () => handshake(hall, credentials(hall, client))));
    opened.push(...held);
    await refusal(handshake(hall, credentials(hall, client)));
    expect(hall.refusals).to.deep.equal([{ reason: 'too-many-connections-from-address', address: '127.0.0.1' }]);
    const elsewhere = await handshake(hall, { ...credentials(hall, client), localAddress: '127.0.0.2' } as object);
    opened.push(elsewhere);
    held[0]?.destroy();
    await eventually(() => hall.door.connections() === 3, 'the place to be free');
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
  });

  it('give all addresses together so many connections and no more', async () => {
    await open({ limits: { connections: 2 } });
    opened.push(await tcp(hall), await tcp(hall));
    await refusal(handshake(hall, credentials(hall, client)));
    await hall.refused('too-many-connections');
  });

  it('refuse headers over their size with 431 and garbage with 400, and live', async () => {
    await open({});
    for (const [sent, status, reason] of [
      [`GET / HTTP/1.1\r\nHost: hub\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431', 'request-headers-too-large'],
      ['\u0000\u0001garbage\r\n\r\n', '400', 'request-malformed'],
    ] as const) {
      const socket = await handshake(hall, credentials(hall, client));
      const said = collect(socket);
      socket.write(sent);
      await eventually(() => socket.destroyed || socket.readableEnded, 'the end');
      expect(said()).to.match(new RegExp(`^HTTP/1\\.1 ${status} `));
      await hall.refused(reason);
    }
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
  });

  it('close within the time given, although connections are held half-open', async () => {
    await open({});
    opened.push(await tcp(hall), await handshake(hall, credentials(hall, client)));
    const start = Date.now();
    await hall.door.close(50);
    expect(Date.now() - start).to.be.below(1_000);
  });

  function tcp(at: Hall): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: '127.0.0.1', port: at.port }, () => {
        socket
          .off('error', reject)
          .on('error', () => {})
          .resume();
        opened.push(socket);
        at.door.server.getConnections(() => resolve(socket));
      });
      socket.on('error', reject);
    });
  }
});

function collect(socket: Socket): () => string {
  let said = '';
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
  });
  return () => said;
}
