//! Carries out commands.

use crate::hostile::command::{Command, CommandError, Reply, WitnessSpec};
use crate::hostile::hosted::HostedLog;
use crate::hostile::spec::Witness;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testlog::SigningKey;

/// Does what the command says to its log.
pub(crate) fn apply(log: &HostedLog, command: Command) -> Result<Reply, CommandError> {
    let mut reply = Reply::default();
    match command {
        // Not a tiled log's business: the server passes it on.
        Command::Show { .. } | Command::Rekor { .. } => {}
        Command::Grow { count, .. } => log.grow(count),
        Command::Append { leaves, .. } => {
            for leaf in decoded(&leaves)? {
                log.append(&leaf);
            }
        }
        Command::Fork { at, size, .. } => log.fork(at, size),
        Command::Unfork { .. } => log.unfork(),
        Command::Stall { .. } => log.stall(),
        Command::Resume { .. } => log.resume(),
        Command::Freeze { date, .. } => log.freeze(&date),
        Command::Thaw { .. } => log.thaw(),
        Command::Cosign { witnesses, .. } => log.cosign(witnesses.into_iter().map(witness).collect()),
        Command::Behave { rule, .. } => reply.rule = Some(log.behave(rule)),
        Command::Remove { rule, .. } => log.remove(rule),
        Command::Clear { .. } => log.clear(),
        Command::Requests { .. } => reply.requests = Some(log.requests()),
    }
    reply.log = Some(log.view());
    Ok(reply)
}

fn decoded(leaves: &[String]) -> Result<Vec<Vec<u8>>, CommandError> {
    let decode = |(at, leaf)| STANDARD.decode(leaf).map_err(|_| CommandError::NotBase64 { at });
    leaves.iter().enumerate().map(decode).collect()
}

fn witness(spec: WitnessSpec) -> Witness {
    Witness {
        name: spec.name,
        key: SigningKey::ed25519(&[spec.seed; 32]),
        time: spec.time,
    }
}
