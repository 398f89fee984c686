// A real homeserver for one test file: Synapse on SQLite in a temporary folder, open for registration and without rate limits.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/net.mjs';
import { synapsePython } from '../../../scripts/setup/synapse.mjs';
import { client } from './client.mjs';
import { startService } from './service.mjs';
import { tempDir } from './temp.mjs';

const NO_LIMIT = { per_second: 100_000, burst_count: 100_000 };

/**
 * Starts a Synapse. `config` is laid over the configuration made here. Returns
 * `{ url, serverName, register(name), output(), log(), stop() }`; `register` makes an account and returns `{ userId, accessToken, deviceId, password }`.
 */
export async function startSynapse({ config = {}, serverName = 'localhost' } = {}) {
  const python = synapsePython();
  if (!existsSync(python)) throw new Error('Synapse is not installed: `npm test -- e2e` does it, or name a Python that has it in SASH_SYNAPSE_PYTHON');
  const dir = tempDir('synapse');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configPath = writeConfig(dir.path, { port, serverName, config });
  const service = await startService({
    name: 'Synapse',
    command: python,
    args: ['-m', 'synapse.app.homeserver', '-c', configPath],
    health: `${url}/health`,
    cwd: dir.path,
    timeoutMs: 120_000,
  });
  return {
    url,
    serverName,
    register: (name, password) => register(url, name, password),
    output: service.output,
    log: () => readFileSync(join(dir.path, 'homeserver.log'), 'utf8'),
    stop: async () => {
      await service.stop();
      dir.remove();
    },
  };
}

/** Makes an account on any homeserver with open registration and logs it in. */
export async function register(url, name, password = `password of ${name}`) {
  const body = { username: name, password, initial_device_display_name: `${name}'s device`, auth: { type: 'm.login.dummy' } };
  const answer = await client(url).post('/_matrix/client/v3/register', body);
  return { userId: answer.user_id, accessToken: answer.access_token, deviceId: answer.device_id, password };
}

function writeConfig(dir, { port, serverName, config }) {
  const path = (name) => join(dir, name);
  const secret = () => randomBytes(32).toString('base64url');
  writeFileSync(path('signing.key'), `ed25519 a_test ${randomBytes(32).toString('base64').replaceAll('=', '')}\n`);
  writeFileSync(path('log.yaml'), JSON.stringify(logConfig(path('homeserver.log'))));
  const base = {
    server_name: serverName,
    public_baseurl: `http://127.0.0.1:${port}/`,
    pid_file: path('homeserver.pid'),
    listeners: [{ port, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['client'] }] }],
    database: { name: 'sqlite3', args: { database: path('homeserver.db') } },
    log_config: path('log.yaml'),
    media_store_path: path('media'),
    signing_key_path: path('signing.key'),
    macaroon_secret_key: secret(),
    form_secret: secret(),
    report_stats: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    federation_domain_whitelist: [],
    enable_registration: true,
    enable_registration_without_verification: true,
    // The cheapest there is: tests log in often and nobody attacks these passwords.
    bcrypt_rounds: 4,
    presence: { enabled: true },
    // State that is not guessed from the timeline: what Sash asks every homeserver for.
    experimental_features: { msc4222_enabled: true },
    rc_message: NO_LIMIT,
    rc_registration: NO_LIMIT,
    rc_registration_token_validity: NO_LIMIT,
    rc_login: { address: NO_LIMIT, account: NO_LIMIT, failed_attempts: NO_LIMIT },
    rc_admin_redaction: NO_LIMIT,
    rc_joins: { local: NO_LIMIT, remote: NO_LIMIT },
    rc_joins_per_room: NO_LIMIT,
    rc_invites: { per_room: NO_LIMIT, per_user: NO_LIMIT, per_issuer: NO_LIMIT },
    rc_key_requests: NO_LIMIT,
    rc_3pid_validation: NO_LIMIT,
    rc_third_party_invite: NO_LIMIT,
    rc_media_create: NO_LIMIT,
    rc_presence: { per_user: NO_LIMIT },
    rc_delayed_event_mgmt: NO_LIMIT,
    rc_room_creation: NO_LIMIT,
    rc_reports: NO_LIMIT,
    rc_user_directory: NO_LIMIT,
    rc_profile: NO_LIMIT,
  };
  // YAML is a superset of JSON.
  writeFileSync(path('homeserver.yaml'), JSON.stringify({ ...base, ...config }));
  return path('homeserver.yaml');
}

const logConfig = (filename) => ({
  version: 1,
  formatters: { plain: { format: '%(asctime)s %(levelname)s %(name)s %(message)s' } },
  handlers: { file: { class: 'logging.FileHandler', formatter: 'plain', filename } },
  root: { level: 'WARNING', handlers: ['file'] },
  disable_existing_loggers: false,
});
