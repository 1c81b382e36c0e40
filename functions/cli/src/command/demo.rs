//! `demo`: a signed log in a folder, watched, tampered with and forked, by the same pass that watches the real ones.
//!
//! Nothing here judges: each step makes one pass and compares what the report says with what it should say.

mod stage;

use crate::args::{Common, Demo};
use crate::config;
use crate::exit::{Failure, print};
use crate::table;
use crate::trust;
use crate::wiring::{self, Access, Console};
use pass::{Outcome, PassReport, Unwatching};
use sources::Logs;
use stage::Stage;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code of a demo that did not show what it should.
const NOT_SHOWN: u8 = 1;

pub(crate) async fn demo(args: Demo) -> Result<ExitCode, Failure> {
    let folder = args.dir.unwrap_or_else(fresh_folder);
    let stage = Stage::set(&folder).map_err(|error| {
        Failure::Usage(format!(
            "error: the demo needs a new folder, and {} cannot be one: {error}",
            folder.display()
        ))
    })?;
    print(&format!("A demonstration in {}\n", folder.display()));
    let mut play = Play {
        stage,
        folder,
        failed: Vec::new(),
    };
    play.watch().await?;
    play.find().await?;
    play.tamper().await?;
    play.heal().await?;
    play.fork().await?;
    play.verify().await?;
    Ok(play.end())
}

fn fresh_folder() -> PathBuf {
    let now = pass::Clock::now(&pass::SystemClock::new()).unix();
    std::env::temp_dir().join(format!("rekor-sentinel-demo-{now}-{}", std::process::id()))
}

struct Play {
    stage: Stage,
    folder: PathBuf,
    failed: Vec<&'static str>,
}

impl Play {
    async fn watch(&mut self) -> Result<(), Failure> {
        title("1. A new log with 300 entries. The first pass reads and proves all of them, and nobody signed as us.");
        let report = self.pass().await?;
        let all = report.run.scanned == self.stage.size() && report.run.findings == 0;
        self.expect("a clean first pass", report.outcome() == Outcome::Clean && all);
        Ok(())
    }

    async fn find(&mut self) -> Result<(), Failure> {
        title(
            "2. The log grows. Our release workflow signs, which the rule allows; and another workflow signs in our name.",
        );
        self.written(|stage| stage.grow_with_findings())?;
        let report = self.pass().await?;
        let seen = report.run.findings == 1 && report.run.allowed == 1;
        self.expect(
            "one finding and one allowed match",
            report.outcome() == Outcome::Findings && seen,
        );
        Ok(())
    }

    async fn tamper(&mut self) -> Result<(), Failure> {
        title(
            "3. The log grows again, but serves one entry with a changed byte. It cannot rebuild the signed root: nothing of it is scanned.",
        );
        let before = self.stage.size();
        self.written(|stage| stage.tamper())?;
        let report = self.pass().await?;
        let cursor = report.logs.first().and_then(|log| log.cursor);
        self.expect(
            "unproven, with the cursor unmoved",
            report.outcome() == Outcome::Unproven && cursor == Some(before),
        );
        Ok(())
    }

    async fn heal(&mut self) -> Result<(), Failure> {
        title("4. The log serves the right bytes again. The pass goes on where it was, and says that it is over.");
        self.written(|stage| stage.heal())?;
        let report = self.pass().await?;
        self.expect(
            "clean again",
            report.outcome() == Outcome::Clean && report.run.scanned > 0,
        );
        Ok(())
    }

    async fn fork(&mut self) -> Result<(), Failure> {
        title(
            "5. The log signs another history: validly, with its own key. This is a violation, and the evidence convinces anybody.",
        );
        self.written(|stage| stage.fork())?;
        let report = self.pass().await?;
        let object = report.run.error.as_ref().and_then(|error| error.object.clone());
        self.expect(
            "a violation",
            report.outcome() == Outcome::Violation && object.is_some(),
        );
        if let Some(object) = object {
            print(&format!(
                "the evidence is in {}\n",
                self.folder.join("store").join(object).display()
            ));
        }
        Ok(())
    }

    async fn verify(&mut self) -> Result<(), Failure> {
        title(
            "6. The record is checked again, offline: every signature, proof, receipt and finding, and the evidence.",
        );
        let code = super::verify::record(&self.common()).await?;
        self.expect(
            "a record that is whole",
            format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS),
        );
        Ok(())
    }

    /// Changes the stage and writes it out as files.
    fn written(&mut self, change: impl FnOnce(&mut Stage) -> std::io::Result<()>) -> Result<(), Failure> {
        change(&mut self.stage).map_err(|error| {
            Failure::Usage(format!(
                "error: {} could not be written: {error}",
                self.folder.display()
            ))
        })
    }

    async fn pass(&self) -> Result<PassReport, Failure> {
        let loaded = config::load(&self.common()).await?;
        let sinks = wiring::sinks(&["console".to_owned()], Console::Output).await?;
        let store = wiring::store(&self.store(), Access::Make).await?;
        let logs = Logs::new()?;
        let trust = trust::source(&loaded, logs.http(), Arc::clone(&store));
        let (environment, _stop) = wiring::environment(store, sinks, None, Arc::new(Unwatching));
        let report = pass::run(environment, loaded.in_force, trust.as_ref(), &logs).await?;
        print(table::render(&report).trim_end());
        print("");
        Ok(report)
    }

    fn expect(&mut self, what: &'static str, shown: bool) {
        if shown {
            print(&format!("as it should be: {what}\n"));
        } else {
            print(&format!("NOT as it should be: expected {what}\n"));
            self.failed.push(what);
        }
    }

    fn common(&self) -> Common {
        Common {
            config: Some(self.config()),
            store: self.store(),
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.join(Path::new("sentinel.yaml"))
    }

    fn store(&self) -> String {
        self.folder.join("store").display().to_string()
    }

    fn end(self) -> ExitCode {
        if !self.failed.is_empty() {
            print(&format!("The demonstration failed: {}", self.failed.join("; ")));
            return ExitCode::from(NOT_SHOWN);
        }
        let word = alerts::text::shell_word;
        let (config, store) = (word(&self.config().display().to_string()), word(&self.store()));
        print("All as it should be. The folder stays for you to look at:");
        for command in ["run   ", "verify"] {
            print(&format!("  rekor-sentinel {command} --config {config} --store {store}"));
        }
        ExitCode::SUCCESS
    }
}

fn title(text: &str) {
    print(&format!("── {text}\n"));
}
