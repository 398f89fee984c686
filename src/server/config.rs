//! What the server is told: command line flags and the environment, checked before anything starts.
//!
//! The environment's names are those of the proxy that came before us, so that its deployments move over unchanged.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::Parser;

/// How many seconds a unit of `--idle-after` has.
const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// Variables of the proxy that this version would disregard; whoever sets one should hear about it.
const NOT_SUPPORTED: [&str; 5] =
    ["SYNCV3_PROM", "SYNCV3_PPROF", "SYNCV3_OTLP_URL", "SYNCV3_SENTRY_DSN", "SYNCV3_MAX_DB_CONN"];

/// Everything the server needs to know to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The homeserver's base URL, without a slash at the end.
    pub homeserver: String,
    /// Where to listen.
    pub bind: Bind,
    /// The database file.
    pub database: PathBuf,
    /// What stored tokens are encrypted under; `None`: a generated one beside the database.
    pub secret: Option<Secret>,
    /// What to log: a level, or directives of `tracing-subscriber`.
    pub log_level: String,
    /// How many shards to run.
    pub shards: usize,
    /// Where the demo page lies; `None`: looked for in the usual places.
    pub client_dir: Option<PathBuf>,
    /// Our own base URL as clients see it, without a slash at the end; `None`: what each request says.
    pub public_url: Option<String>,
    /// After how long without a request a device is no longer polled.
    pub idle_after: Duration,
    /// Variables that are set and mean nothing to this version.
    pub disregarded: Vec<&'static str>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// `host:port`.
    Tcp(String),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// The secret, kept out of debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Sliding sync for Matrix, whatever the homeserver: polls the ordinary /sync and answers sliding sync.
///
/// Clients use this server's URL as their homeserver URL. Everything that is not sliding sync passes through.
#[derive(Debug, Parser)]
#[command(name = "sash-sync", version, max_term_width = 100)]
struct Args {
    #[arg(
        long,
        value_name = "URL",
        env = "SYNCV3_SERVER",
        help = "Base URL of the homeserver, such as https://matrix.example.org"
    )]
    homeserver: String,

    /// Address to listen on: host:port, :port, or the path of a Unix socket
    #[arg(long, value_name = "ADDRESS", env = "SYNCV3_BINDADDR", default_value = "0.0.0.0:8008")]
    bind: String,

    /// SQLite database file; made if it does not exist
    #[arg(long, value_name = "FILE", env = "SYNCV3_DB", default_value = "sash.sqlite")]
    db: String,

    /// What stored access tokens are encrypted under; better given by the environment, which `ps` does not show
    /// [default: generated into <FILE>.secret beside the database]
    #[arg(long, value_name = "TEXT", env = "SYNCV3_SECRET", hide_env_values = true)]
    secret: Option<String>,

    #[arg(
        long,
        value_name = "LEVEL",
        env = "SYNCV3_LOG_LEVEL",
        default_value = "info",
        help = "trace, debug, info, warn or error, or directives such as sash_sync=debug,hyper=warn"
    )]
    log_level: String,

    /// How many threads accounts are spread over [default: one per core]
    #[arg(long, value_name = "NUMBER", env = "SASH_SHARDS")]
    shards: Option<usize>,

    /// Folder of the page that is served under /client/ [default: dist/www here or beside the program, if it is there]
    #[arg(long, value_name = "FOLDER", env = "SASH_CLIENT_DIR")]
    client_dir: Option<PathBuf>,

    /// This server's URL as clients see it [default: what each request's Host or X-Forwarded headers say]
    #[arg(long, value_name = "URL", env = "SASH_PUBLIC_URL")]
    public_url: Option<String>,

    /// Stop polling for a device that no client has used for so long: a number with s, m, h or d
    #[arg(long, value_name = "TIME", env = "SASH_IDLE_AFTER", default_value = "7d", value_parser = duration)]
    idle_after: Duration,
}

impl Config {
    /// Reads flags and environment. The error knows how to print itself, and `--help` and `--version` are errors too.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Config, clap::Error> {
        let mut config = Config::from_args(Args::try_parse_from(arguments)?)?;
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if set("SYNCV3_TLS_CERT") || set("SYNCV3_TLS_KEY") {
            // Going on would put on a plain socket what somebody wants encrypted.
            return Err(invalid(
                "SYNCV3_TLS_CERT and SYNCV3_TLS_KEY are not in this version: put a TLS proxy in front",
            ));
        }
        config.disregarded.extend(NOT_SUPPORTED.into_iter().filter(|name| set(name)));
        Ok(config)
    }

    fn from_args(args: Args) -> Result<Config, clap::Error> {
        if args.secret.as_deref() == Some("") {
            return Err(invalid("the secret is empty"));
        }
        Ok(Config {
            homeserver: base_url("--homeserver", &args.homeserver)?,
            bind: bind(&args.bind),
            database: database(&args.db)?,
            secret: args.secret.map(Secret),
            log_level: args.log_level,
            shards: args.shards.unwrap_or_else(cores).max(1),
            client_dir: args.client_dir,
            public_url: args.public_url.as_deref().map(|url| base_url("--public-url", url)).transpose()?,
            idle_after: args.idle_after,
            disregarded: Vec::new(),
        })
    }
}

fn invalid(message: impl std::fmt::Display) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{message}\n"))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Checks an http or https URL without query and takes the slash at its end away.
fn base_url(flag: &str, text: &str) -> Result<String, clap::Error> {
    let fault = |what: &str| invalid(format!("{flag} {text:?} {what}"));
    let url = reqwest::Url::parse(text).map_err(|error| fault(&format!("is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault("must begin with https:// or http://"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault("must have no query and no fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn bind(text: &str) -> Bind {
    if text.starts_with('/') {
        return Bind::Unix(PathBuf::from(text));
    }
    // The proxy's way of saying "every interface".
    let every = if text.starts_with(':') { "0.0.0.0" } else { "" };
    Bind::Tcp(format!("{every}{text}"))
}

/// Tells a file from a PostgreSQL address, which the proxy took here.
fn database(text: &str) -> Result<PathBuf, clap::Error> {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    // libpq's `key=value` string. A file of such a name can still be given with a folder before it.
    let keys = ["host", "hostaddr", "user", "dbname", "password", "port", "service", "sslmode"];
    let is_libpq = text.split_whitespace().any(|word| word.split_once('=').is_some_and(|(key, _)| keys.contains(&key)));
    if is_url || is_libpq {
        return Err(invalid("PostgreSQL is not in this version: --db (SYNCV3_DB) takes the path of an SQLite file"));
    }
    if text.is_empty() {
        return Err(invalid("--db (SYNCV3_DB) is empty"));
    }
    Ok(PathBuf::from(text))
}

fn duration(text: &str) -> Result<Duration, String> {
    let fault = || format!("{text:?} is not a number with s, m, h or d");
    let unit = text.chars().last().ok_or_else(fault)?;
    let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(fault)?;
    let number: u64 = text.trim_end_matches(unit).parse().map_err(|_| fault())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::server::fuzzing::{harness::fuzz, inputs::texts};

    #[track_caller]
    fn config(flags: &str) -> Config {
        let arguments = ["sash-sync", "--homeserver", "https://hs.example"].into_iter().chain(flags.split_whitespace());
        Config::from_args(Args::try_parse_from(arguments).unwrap()).unwrap()
    }

    #[track_caller]
    fn refused(flags: &[&str]) -> String {
        let args = Args::try_parse_from(["sash-sync"].iter().chain(flags)).unwrap();
        Config::from_args(args).unwrap_err().to_string()
    }

    #[test]
    fn the_homeserver_alone_is_enough() {
        let config = config("");
        assert_eq!(config.homeserver, "https://hs.example");
        assert_eq!(config.bind, Bind::Tcp("0.0.0.0:8008".to_owned()));
        assert_eq!(config.database, PathBuf::from("sash.sqlite"));
        assert_eq!(config.secret, None);
        assert_eq!(config.idle_after, Duration::from_secs(7 * 86_400));
        assert!(config.shards >= 1);
    }

    #[test]
    fn a_base_url_may_have_a_path_and_loses_its_last_slash() {
        let args = Args::try_parse_from(["sash-sync", "--homeserver", "http://localhost:8448/matrix/"]).unwrap();
        assert_eq!(Config::from_args(args).unwrap().homeserver, "http://localhost:8448/matrix");
    }

    #[test]
    fn an_address_has_the_forms_of_the_proxy() {
        assert_eq!(config("--bind :9000").bind, Bind::Tcp("0.0.0.0:9000".to_owned()));
        assert_eq!(config("--bind [::1]:9000").bind, Bind::Tcp("[::1]:9000".to_owned()));
        assert_eq!(config("--bind /run/sash.sock").bind, Bind::Unix(PathBuf::from("/run/sash.sock")));
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(config("--idle-after 90m").idle_after, Duration::from_secs(5400));
        for text in ["", "7", "d", "-1d", "1w", "99999999999999999999s", "999999999999999999d"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn postgres_is_named_as_what_is_missing() {
        for db in ["postgres://user@host/sync", "postgresql:///sync", "user=syncv3 dbname=syncv3 sslmode=disable"] {
            let message = refused(&["--homeserver", "https://hs.example", "--db", db]);
            assert!(message.contains("PostgreSQL is not in this version"), "{message}");
        }
        assert_eq!(config("--db /srv/user=1.sqlite").database, PathBuf::from("/srv/user=1.sqlite"));
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for url in ["hs.example", "ftp://hs.example", "https://hs.example/?a=b", ""] {
            let message = refused(&["--homeserver", url]);
            assert!(message.contains("--homeserver"), "{message}");
        }
    }

    #[test]
    fn every_flag_has_a_variable_and_the_proxys_names_are_kept() {
        use clap::CommandFactory;

        let variables: Vec<String> = Args::command()
            .get_arguments()
            .filter_map(|argument| argument.get_env().map(|name| name.to_string_lossy().into_owned()))
            .collect();
        for name in ["SYNCV3_SERVER", "SYNCV3_BINDADDR", "SYNCV3_DB", "SYNCV3_SECRET", "SYNCV3_LOG_LEVEL"] {
            assert!(variables.iter().any(|variable| variable == name), "{name} is missing in {variables:?}");
        }
        assert!(!config("--secret sesame").secret.map(|secret| format!("{secret:?}")).unwrap().contains("sesame"));
    }

    /// What an administrator's environment may hold: a configuration, or a sentence that says what is wrong.
    #[test]
    fn any_value_is_taken_or_refused_with_a_sentence() {
        const VALUES: &[&str] = &[
            "https://hs.example/matrix/",
            "http://[::1]:8008?x#y",
            "postgres://user@host/sync",
            "user=syncv3 dbname='a b' sslmode=disable",
            "host = localhost",
            "/run/sash.sock",
            ":8008",
            "90m",
            "18446744073709551615d",
            "7",
            "sash_sync=debug,hyper=warn",
        ];
        fuzz("configuration", &texts(VALUES), |value| {
            let value = OsString::from_vec(value.to_vec());
            for flag in ["homeserver", "bind", "db", "secret", "shards", "public-url", "idle-after", "client-dir"] {
                let mut argument = OsString::from(format!("--{flag}="));
                argument.push(&value);
                let homeserver = (flag != "homeserver").then(|| OsString::from("--homeserver=https://hs"));
                let arguments = ["sash-sync".into(), argument].into_iter().chain(homeserver);
                match Args::try_parse_from(arguments).and_then(Config::from_args) {
                    Ok(config) => assert!(config.homeserver.starts_with("http") && config.shards > 0),
                    Err(error) => assert!(!error.to_string().trim().is_empty()),
                }
            }
        });
    }
}
