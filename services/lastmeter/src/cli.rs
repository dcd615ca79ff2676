//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An event-sourced logistics engine for closed-loop supply delivery.
#[derive(Debug, Parser)]
#[command(name = "lastmeter", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve communities from an embedded log.
    Serve(Serve),
    /// Look at this machine and say what is missing, each with what to do.
    Doctor(Doctor),
    /// Serve the sample community and play a day of it through the public API.
    Demo(Demo),
    /// Play seeded days in virtual time, without HTTP, and check the rules after every step.
    Simulate(Simulate),
    /// Read the whole log: checksums, chain, gap-free positions, and whether every event decodes.
    Verify(Verify),
    /// Copy the log to a new file, also while it is served.
    Backup(Backup),
    /// Put a backup in the log's place, after verifying it.
    Restore(Restore),
    /// Write every event as one line of JSON.
    Export(Export),
    /// Append the events of an export; goes on where it was interrupted.
    Import(Import),
    /// Copy one log to another, event by event; goes on where it was interrupted.
    Migrate(Migrate),
    /// Write the published contracts.
    Schemas(Schemas),
}

/// Where the data lie.
#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// The folder of the event log, the keys and the snapshots.
    #[arg(long, value_name = "DIR", default_value = "data", env = "LASTMETER_DATA_FOLDER")]
    pub data: PathBuf,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The folder of the event log, the keys and the snapshots [default: data].
    #[arg(long, value_name = "DIR", env = "LASTMETER_DATA_FOLDER")]
    pub data: Option<PathBuf>,
    /// The address to serve on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS", env = "LASTMETER_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Serve over HTTPS, which phones need for their cameras and to work offline: `self` makes a
    /// certificate authority of its own in the data folder, to be installed on the phones; or the
    /// files of a certificate and its key.
    #[arg(long, value_name = "self|CERT,KEY", env = "LASTMETER_TLS")]
    pub tls: Option<TlsChoice>,
    /// Serve a page at /graphql to write questions, run them and read what each field means.
    #[arg(long)]
    pub graphiql: bool,
    /// Let webhooks call addresses inside the house, and speak plain HTTP.
    #[arg(long)]
    pub webhooks_allow_private: bool,
    /// For how many hours closed pieces and runs stay in memory, 30 at least, for what closes from
    /// now on; the log keeps them for ever [default: 48].
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(api::CLOSED_KEPT_MIN.as_hours()..))]
    pub closed_kept_hours: Option<u16>,
    /// How log lines look [default: text].
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
    /// A TOML file with these options; the command line goes first.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A community's TOML file to load at the start; only what differs changes. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub community: Vec<PathBuf>,
    /// The event log on a KurrentDB cluster, `esdb://host:2113?tls=true`; without it the log is
    /// the one in the data folder.
    #[arg(long, value_name = "URL", env = "LASTMETER_EVENT_LOG", hide_env_values = true)]
    pub event_log: Option<String>,
    /// How the cluster is signed in to.
    #[command(flatten)]
    pub cluster: Cluster,
    /// The keys of personal data [default: keys.db in the data folder]. Replicas of one machine
    /// share a file; replicas of several machines share a folder, which must be there.
    #[arg(long, value_name = "FILE|DIR", env = "LASTMETER_KEYS")]
    pub keys: Option<PathBuf>,
    /// Serve the embedded log over the KurrentDB protocol on this address, for reading; with
    /// `--tls` encrypted.
    #[arg(long, value_name = "ADDRESS", env = "LASTMETER_KURRENT_LISTEN")]
    pub kurrent_listen: Option<SocketAddr>,
    /// Let clients of that address write, to streams that are not the engine's own.
    #[arg(long, requires = "kurrent_listen")]
    pub kurrent_write: bool,
}

/// Whose certificate is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsChoice {
    /// One of our own certificate authority.
    Own,
    /// A given one.
    Given {
        /// The certificate and those up to its authority, PEM.
        certificate: PathBuf,
        /// Its key, PEM.
        key: PathBuf,
    },
}

impl FromStr for TlsChoice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "self" {
            return Ok(Self::Own);
        }
        match text.split_once(',') {
            Some((certificate, key)) if !certificate.is_empty() && !key.is_empty() => {
                Ok(Self::Given { certificate: certificate.into(), key: key.into() })
            }
            Some(_) | None => {
                Err("write `self`, or the certificate's file, a comma and its key's file")
            }
        }
    }
}

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// The file of the keys of personal data [default: keys.db in the data folder].
    #[arg(long, value_name = "FILE", env = "LASTMETER_KEYS")]
    pub keys: Option<PathBuf>,
    /// The address that shall be served on.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "LASTMETER_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// How HTTPS shall be served.
    #[arg(long, value_name = "self|CERT,KEY", env = "LASTMETER_TLS")]
    pub tls: Option<TlsChoice>,
}

/// How a cluster is signed in to.
#[derive(Debug, Clone, Default, Args)]
pub struct Cluster {
    /// The user on the cluster, when its URL does not name one.
    #[arg(long, value_name = "NAME", env = "LASTMETER_EVENT_LOG_USER")]
    pub event_log_user: Option<String>,
    /// The file of that user's password; `LASTMETER_EVENT_LOG_PASSWORD` can hold it instead.
    #[arg(long, value_name = "FILE", env = "LASTMETER_EVENT_LOG_PASSWORD_FILE")]
    pub event_log_password_file: Option<PathBuf>,
    /// The certificate authority of the cluster, a PEM file.
    #[arg(long, value_name = "FILE", env = "LASTMETER_EVENT_LOG_CA_FILE")]
    pub event_log_ca_file: Option<PathBuf>,
    /// What the names of all streams on the cluster begin with, so that several logs share it.
    #[arg(long, value_name = "TEXT", env = "LASTMETER_EVENT_LOG_PREFIX", default_value = "")]
    pub event_log_prefix: String,
}

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// How many simulated seconds pass in one real second; 0 is as fast as it goes.
    #[arg(long, default_value_t = 0)]
    pub speed: u32,
    /// Which day: the same seed gives the same day.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The port of the API on this machine.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// End after the report instead of serving on.
    #[arg(long)]
    pub once: bool,
}

/// Options of `simulate`.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many days, each with a seed of its own, counted up from the first.
    #[arg(long, default_value_t = 1)]
    pub days: u64,
    /// Play the whole of `fumin-garden`; without it a corner of it, which is enough for the rules.
    #[arg(long)]
    pub full: bool,
}

/// Options of `verify`.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// Verify this file instead, such as a backup.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Options of `backup`.
#[derive(Debug, Clone, Args)]
pub struct Backup {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// The new folder that the backup is made in: the log, and the keys in a file of their own.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Options of `restore`.
#[derive(Debug, Clone, Args)]
pub struct Restore {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// The folder of the backup.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Replace the log that is there.
    #[arg(long)]
    pub replace: bool,
}

/// Options of `export`.
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// The new file; standard output without it.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// Options of `import`.
#[derive(Debug, Clone, Args)]
pub struct Import {
    /// Where the data lie.
    #[command(flatten)]
    pub folder: DataFolder,
    /// The file of the export.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
}

/// Options of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct Migrate {
    /// The data folder, or the URL of the cluster, whose log is copied.
    #[arg(long, value_name = "DIR|URL")]
    pub from: String,
    /// The data folder, or the URL of the cluster, whose log it becomes: a new one, or that of an
    /// interrupted copy.
    #[arg(long, value_name = "DIR|URL")]
    pub to: String,
    /// How the cluster is signed in to.
    #[command(flatten)]
    pub cluster: Cluster,
    /// Copy the keys of personal data of the folder that is copied from to this empty folder, which
    /// replicas on several machines then share as their `--keys`.
    #[arg(long, value_name = "DIR")]
    pub keys_to: Option<PathBuf>,
}

/// Options of `schemas`.
#[derive(Debug, Clone, Args)]
pub struct Schemas {
    /// The folder to write them to.
    #[arg(long, value_name = "DIR", default_value = "schema")]
    pub out: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_certificate_is_our_own_or_two_files() {
        let given = TlsChoice::Given { certificate: "a.pem".into(), key: "b.pem".into() };
        assert_eq!("self".parse(), Ok(TlsChoice::Own));
        assert_eq!("a.pem,b.pem".parse(), Ok(given));
        for wrong in ["", "a.pem", "a.pem,", ",b.pem"] {
            assert!(wrong.parse::<TlsChoice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
