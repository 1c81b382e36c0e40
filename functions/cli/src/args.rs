//! The arguments.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use core::time::Duration;
use pass::{Position, Since, parse_duration};
use std::path::PathBuf;

/// Watches Sigstore's transparency logs: proves that they only grow, reads every entry, finds whom you watch for.
#[derive(Debug, Parser)]
#[command(
    name = "rekor-sentinel",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented sentinel.yaml for the public logs, asking for an identity
    Init(Init),
    /// Turn rekor-monitor's configuration into a sentinel.yaml, and say what is stricter in it
    Convert(Convert),
    /// Make one pass over every log
    Run(Run),
    /// Check the configuration and its rules
    Check(Check),
    /// Check the record in a store, or one piece of evidence, again, offline: 0 whole or convincing, 1 not, 30 could not read
    Verify(Verify),
    /// Read a range of a log (again), or ask a new rule of what was read without it: prove it, print its findings; moves
    /// nothing
    Scan(Scan),
    /// Ask a Rekor v1 server's search index for an artifact, an address or a key, and prove each entry against our record
    Lookup(Lookup),
    /// Record a release in a ledger, so that its entry is explained: digests, and what is known of who signs
    Authorise(Authorise),
    /// Acknowledge a violation: it is silent from then on, and stays on record
    Ack(Ack),
    /// Begin a new epoch of a log (one that was reset, or restored from a backup)
    Restart(Restart),
    /// Put the configuration into the store, or get it from there: what a scheduled deployment reads
    Config(Config),
    /// Make a signed log in a folder, watch it, tamper with it, fork it, and show what happens
    Demo(Demo),
}

/// What every command takes.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Common {
    /// The configuration [default: ./sentinel.yaml; where there is none, that of the store]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the record is kept: a folder, or s3://BUCKET[/FOLDER] (feature `aws`; region, credentials and endpoint from the
    /// usual AWS_* variables)
    #[arg(long, value_name = "DIR", default_value = "./sentinel-store")]
    pub(crate) store: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) common: Common,
    /// End with 2 if there are warnings
    #[arg(long)]
    pub(crate) strict: bool,
    /// Ask the rules of recorded entries, and show what they match and what they nearly match: a store, or a file of JSON
    /// lines (what `scan --json` prints, a Rekor server's answers, or leaves)
    #[arg(long, value_name = "FILE|STORE")]
    pub(crate) against: Option<String>,
    /// Print the JSON Schema of the configuration instead, for an editor that completes and checks the file
    #[arg(long, conflicts_with_all = ["strict", "against"])]
    pub(crate) schema: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Check this piece of evidence instead of a record: a file of audit/LOG/evidence/
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Whom to watch for: an e-mail address, or the URL of a repository or its owner; asked for if absent
    #[arg(long, value_name = "WHO")]
    pub(crate) identity: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Convert {
    /// rekor-monitor's configuration, with its `monitoredValues`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write it; nothing is overwritten [default: standard output]
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where alerts go: console, file:PATH, sns:ARN (a topic for mail, telephones and programs) or sns-chat:ARN (one that
    /// feeds a chat); may be given several times
    #[arg(long = "sink", value_name = "SINK", default_value = "console")]
    pub(crate) sinks: Vec<String>,
    /// Print one JSON object a line: one for each log, and a last one for the run
    #[arg(long)]
    pub(crate) json: bool,
    /// End with 10 if there are findings and nothing worse
    #[arg(long, value_name = "findings", value_parser = ["findings"])]
    pub(crate) fail_on: Option<String>,
    /// End the pass after this time, such as 50s; what was proven by then is kept
    #[arg(long, value_name = "TIME", value_parser = deadline)]
    pub(crate) deadline: Option<Duration>,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub(crate) struct Lookup {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The artifact: any file, an in-toto link as well; its SHA-256 is looked up
    #[arg(value_name = "FILE", conflicts_with_all = ["digest", "email", "key"])]
    pub(crate) file: Option<PathBuf>,
    /// The SHA-256 of an artifact: 64 hex digits, sha256: may stand before them
    #[arg(long, value_name = "H", conflicts_with_all = ["email", "key"])]
    pub(crate) digest: Option<String>,
    /// The e-mail address of a signer
    #[arg(long, value_name = "E", conflicts_with = "key")]
    pub(crate) email: Option<String>,
    /// A public key or certificate: PEM, OpenPGP, SSH or minisign
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Which server to ask, if several are watched: its name, or an unambiguous part of it
    #[arg(long, value_name = "NAME")]
    pub(crate) log: Option<String>,
    /// How many entries are looked at
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print one JSON object an entry
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The log: its name, or an unambiguous part of it; with --rule every watched log, if none is named
    #[arg(long, value_name = "NAME", required_unless_present = "rule")]
    pub(crate) log: Option<String>,
    /// The first index
    #[arg(long, value_name = "N", required_unless_present = "rule", conflicts_with = "rule")]
    pub(crate) from: Option<u64>,
    /// The index after the last
    #[arg(long, value_name = "M", required_unless_present = "rule", conflicts_with = "rule")]
    pub(crate) to: Option<u64>,
    /// Instead of a range: read what the receipts say was scanned without this rule, ask this rule alone, and record that
    /// it was asked; what was interrupted goes on where it ended
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// With --rule, how far back: start (all that was ever scanned), a day or time such as 2026-03-01 (what was scanned
    /// then or later: every entry that is newer is in it), or with --log an index [default: start]
    #[arg(long, value_name = "DATE|INDEX|start", requires = "rule", value_parser = since)]
    pub(crate) since: Option<Since>,
    /// Send the findings to the sinks as well
    #[arg(long)]
    pub(crate) alert: bool,
    /// Where alerts go, with --alert: console, file:PATH, sns:ARN or sns-chat:ARN; may be given several times
    #[arg(long = "sink", value_name = "SINK", default_value = "console")]
    pub(crate) sinks: Vec<String>,
    /// Print findings as one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Authorise {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The ledger: a folder (with a `/` in it), s3://BUCKET/FOLDER, or the name of one of the configuration
    #[arg(long, value_name = "PLACE|NAME")]
    pub(crate) ledger: String,
    /// The files of the release, whose SHA-256 are recorded
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A digest to record: sha256:, sha384: or sha512: and its hex digits; may be given several times
    #[arg(long, value_name = "H")]
    pub(crate) digest: Vec<String>,
    /// Who signs: an identity of the certificate, as it is written there, or the fingerprint of a key
    #[arg(long, value_name = "SAN")]
    pub(crate) identity: Option<String>,
    /// The OIDC issuer of that identity
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// The ref of the source, such as refs/tags/v1 [default: that of the run, in GitHub Actions and GitLab CI]
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: Option<String>,
    /// The URL of the run that signs [default: this one, in GitHub Actions and GitLab CI]
    #[arg(long, value_name = "URL")]
    pub(crate) run: Option<String>,
    /// The URL of the source's repository [default: that of the run, in GitHub Actions and GitLab CI]
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,
    /// A word for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Sign the record with this private key: Ed25519 or ECDSA on P-256, in PEM
    #[arg(long, value_name = "KEY.pem")]
    pub(crate) sign_with: Option<PathBuf>,
    /// Take nothing from the variables of GitHub Actions or GitLab CI
    #[arg(long)]
    pub(crate) no_environment: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Ack {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The log: its name, or an unambiguous part of it
    #[arg(long, value_name = "NAME")]
    pub(crate) log: String,
    /// The id of the evidence, as the alert gives it
    pub(crate) evidence_id: String,
    /// Who acknowledges
    #[arg(long, value_name = "WHO")]
    pub(crate) by: String,
    /// Why it may be silent
    #[arg(long, value_name = "WHY")]
    pub(crate) note: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Restart {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The log: its name, or an unambiguous part of it
    #[arg(long, value_name = "NAME")]
    pub(crate) log: String,
    /// Where the new epoch begins: an index, or head
    #[arg(long, value_name = "N", value_parser = position)]
    pub(crate) from: Position,
    /// Why
    #[arg(long, value_name = "WHY")]
    pub(crate) reason: String,
    /// Who asks for it [default: the user of this session]
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Config {
    /// put: check FILE, show what differs from the stored one, and store it with the trusted root that it names;
    /// get: print the stored one
    #[arg(value_name = "put|get")]
    pub(crate) action: ConfigAction,
    /// The file to put [default: that of --config, else ./sentinel.yaml]
    #[arg(value_name = "FILE", conflicts_with = "config")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfigAction {
    Put,
    Get,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The folder to work in; must not exist [default: a new one in the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

fn deadline(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .map(Duration::from_secs)
        .ok_or_else(|| "write a duration such as 50s or 10m".to_owned())
}

fn position(text: &str) -> Result<Position, String> {
    match text {
        "head" => Ok(Position::Head),
        digits => digits
            .parse()
            .map(Position::Index)
            .map_err(|_| "write an index, or head".to_owned()),
    }
}

fn since(text: &str) -> Result<Since, String> {
    if text == "start" {
        return Ok(Since::Start);
    }
    let index = text.parse().ok().map(Since::Index);
    index
        .or_else(|| rules::date(text).map(Since::Time))
        .ok_or_else(|| "write start, a day or RFC 3339 time such as 2026-03-01, or an index".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn how_far_back_is_meant() {
        let check = |text: &str, expect: Option<Since>| assert_eq!(since(text).ok(), expect, "{text}");
        let day = rules::date("2026-03-01").unwrap();
        check("start", Some(Since::Start));
        check("0", Some(Since::Index(0)));
        check("18446744073709551615", Some(Since::Index(u64::MAX)));
        check("2026-03-01", Some(Since::Time(day)));
        check("2026-03-01T00:00:00Z", Some(Since::Time(day)));
        for wrong in ["", "Start", "-1", "18446744073709551616", "2026-02-30", "yesterday"] {
            check(wrong, None);
        }
    }
}
