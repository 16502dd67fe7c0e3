/** The configuration: every mistake told at once, secrets never shown. */
import { expect } from 'chai';
import { ConfigError, describeConfig, readConfig } from '../config.ts';

const mistakesOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.mistakes;
    throw thrown;
  }
  return [];
};

describe('the configuration', () => {
  it('has a default for everything: one machine, nothing to install', () => {
    const config = readConfig({});
    expect([config.store, config.broker, config.sharedMemory]).to.deep.equal(['sqlite', 'embedded', 'process']);
  });

  it('tells every mistake at once', () => {
    const mistakes = mistakesOf({
      HUB_STORE: 'oracle',
      HUB_MESSAGE_PORT: '70000',
      HUB_COLOUR: 'blue',
      HUB_BROKER: 'rabbitmq',
    });
    expect(mistakes).to.have.lengthOf(4);
    expect(mistakes.join())
      .to.match(/HUB_COLOUR/)
      .and.match(/HUB_STORE/)
      .and.match(/HUB_MESSAGE_PORT/)
      .and.match(/HUB_RABBITMQ_URL/);
  });

  it('never shows a secret, neither in a mistake nor in its description', () => {
    const url = 'postgres://hub:s3cret@127.0.0.1/hub';
    expect(JSON.stringify(describeConfig(readConfig({ HUB_STORE: 'postgres', HUB_POSTGRES_URL: url })))).not.to.contain(
      's3cret',
    );
    expect(mistakesOf({ HUB_POSTGRES_URL: 's3cret not a URL' }).join()).not.to.contain('s3cret');
  });

  it('leaves other programs their own variables', () => {
    expect(mistakesOf({ PATH: '/bin', HUBERT: 'x' })).to.deep.equal([]);
  });
});
