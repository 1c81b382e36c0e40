//! The commands, one module each.

mod ack;
mod authorise;
mod check;
mod configure;
mod convert;
mod init;
mod lookup;
mod restart;
mod run;
mod scan;
mod evidence;
mod verify;
mod demo;

use crate::args::{Args, Command};
use crate::exit::{Failure, failed};
use std::process::ExitCode;

/// Carries out a command.
pub(crate) async fn dispatch(args: Args) -> ExitCode {
    let result = match args.command {
        Command::Init(init) => init::init(&init),
        Command::Convert(args) => convert::convert(&args),
        Command::Run(run) => run::run(run).await,
        Command::Check(args) => check::check(&args).await,
        Command::Verify(args) => verify::verify(&args).await,
        Command::Scan(scan) => scan::scan(scan).await,
        Command::Lookup(args) => lookup::lookup(args).await,
        Command::Authorise(args) => authorise::authorise(args).await,
        Command::Ack(ack) => ack::ack(ack).await,
        Command::Restart(restart) => restart::restart(restart).await,
        Command::Config(config) => configure::configure(config).await,
        Command::Demo(demo) => demo::demo(demo).await,
    };
    result.unwrap_or_else(|failure: Failure| failed(&failure))
}
