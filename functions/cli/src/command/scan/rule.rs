//! `scan --rule`: one rule, asked of everything that was scanned without it.

use super::parts::{Chosen, choose};
use super::telling::{deliver, form, say_rest};
use crate::args::Scan;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::progress::ProgressLine;
use crate::trust;
use crate::wiring::{self, Access, Console};
use alerts::Finding;
use alerts::text::{escape, shell_word};
use pass::{
    AlertSink, Asking, Environment, Fault, Found, LogKind, LookedBack, Outcome, Past, Ranges, Since, Sources as _,
    Store, WatchedLog,
};
use rules::{RuleSet, RuleSpec};
use sigstore::Authorities;
use sources::Logs;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// Ranges of one epoch that are shown; more are counted.
const MAX_SHOWN: usize = 8;

/// Characters of a name in a line.
const MAX_NAME_CHARS: usize = 200;

/// One log, and what of it was scanned without the rule.
struct Plan {
    log: WatchedLog,
    kind: LogKind,
    past: Past,
}

/// What the scan of every log has at hand.
struct Hands<'a> {
    args: &'a Scan,
    rule: &'a RuleSpec,
    authorities: Arc<Authorities>,
    environment: Arc<Environment>,
    sinks: Vec<Arc<dyn AlertSink>>,
    progress: Arc<ProgressLine>,
    logs: Logs,
}

pub(super) async fn scan(args: &Scan, name: &str) -> Result<ExitCode, Failure> {
    let since = args.since.unwrap_or(Since::Start);
    if matches!((since, &args.log), (Since::Index(_), None)) {
        let message = "error: --since with an index needs --log: an index is a place in one log";
        return Err(Failure::Usage(message.to_owned()));
    }
    let loaded = config::load_or_last_good(&args.common).await?;
    let rules = &loaded.in_force.settings.rules;
    let rule = named(rules, name)?;
    let sinks = if args.alert {
        wiring::sinks(&args.sinks, Console::Error).await?
    } else {
        Vec::new()
    };
    let store = wiring::store(&args.common.store, Access::Change).await?;
    let recorded = pass::known_logs(store.as_ref()).await?;
    let logs = Logs::new()?;
    let trust = trust::look(&loaded, logs.http(), &args.common.store).await?;
    let chosen = choose((&loaded, &trust), &args.common.store, args.log.as_deref(), &logs).await?;
    let mut asking = Asking::new(rule, rules, loaded.in_force.read_rules)?;
    let (plans, mut worst) = plans(store.as_ref(), &mut asking, chosen, since).await?;
    if args.log.is_none() {
        say_unwatched(&recorded, &plans);
    }
    say_total(rule, &plans);
    let progress = Arc::new(ProgressLine::new());
    let (environment, stop) = wiring::environment(Arc::clone(&store), Vec::new(), None, Arc::clone(&progress) as _);
    wiring::stop_on_signal(stop);
    let hands = Hands {
        args,
        rule,
        authorities: Arc::new(Authorities::of(&trust.root)),
        environment,
        sinks,
        progress,
        logs,
    };
    let (mut left, mut meant) = (BTreeMap::new(), 0_u64);
    for plan in plans {
        let (name, before) = (plan.log.origin.clone(), plan.past.entries());
        meant = meant.saturating_add(plan.past.wanted());
        let (outcome, entries) = hands.one(plan).await.unwrap_or_else(|fault| {
            say(&format!("error: {}", escape(&fault.message, 4_000)));
            (Outcome::Fault, before)
        });
        worst = worst.max(outcome);
        left.insert(name, entries);
    }
    let remain = left.values().copied().fold(0, u64::saturating_add);
    let is_covered = args.log.is_none() && meant > 0 && remain == 0 && worst < Outcome::Fault;
    pass::take_off(store.as_ref(), &asking.question(), &left, is_covered).await?;
    say(&conclusion(rule, remain, worst));
    Ok(ExitCode::from(worst.exit_code()))
}

/// The rule of this name.
fn named<'r>(rules: &'r RuleSet, name: &str) -> Result<&'r RuleSpec, Failure> {
    let specs = rules.specs();
    specs.iter().find(|rule| rule.name == name).ok_or_else(|| {
        let nearest = rules::nearest(name, specs.iter().map(|rule| rule.name.as_str()));
        let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
        let name = escape(name, MAX_NAME_CHARS);
        Failure::Usage(format!(
            "error: --rule {name}: the configuration has no rule of this name{hint}"
        ))
    })
}

/// What the receipts of each log tell, said before anything is read.
async fn plans(
    store: &dyn Store,
    asking: &mut Asking,
    chosen: Chosen,
    since: Since,
) -> Result<(Vec<Plan>, Outcome), Failure> {
    let (mut plans, mut worst) = (Vec::new(), Outcome::Clean);
    let mut all = chosen.found;
    // The shards of a server in its own order.
    all.sort_by_cached_key(|found| {
        let shard = found.log().shard.as_ref();
        let server = shard.map_or(&found.log().origin, |shard| &shard.server);
        (server.clone(), shard.map_or(0, |shard| shard.offset))
    });
    for found in all {
        match found {
            Found::Log(log, kind) => {
                let offset = log.shard.as_ref().filter(|_| chosen.server.is_some());
                let offset = offset.map_or(0, |shard| shard.offset);
                let since = match since {
                    Since::Index(index) => Since::Index(index.saturating_sub(offset)),
                    Since::Start | Since::Time(_) => since,
                };
                let past = pass::past(store, &log.origin, asking, since).await?;
                say_plan(&log.origin, &past);
                plans.push(Plan { log, kind, past });
            }
            Found::Unread(log, kind) => say(&format!(
                "{}: this version does not read logs of kind {} yet",
                escape(&log.origin, MAX_NAME_CHARS),
                kind.word()
            )),
            Found::Failed(log, fault) => {
                let name = escape(&log.origin, MAX_NAME_CHARS);
                say(&format!("error: {name}: {}", escape(&fault.message, 4_000)));
                worst = worst.max(Outcome::Fault);
            }
        }
    }
    Ok((plans, worst))
}

impl Hands<'_> {
    /// Asks the rule of one log; the outcome, and how many entries are left.
    async fn one(&self, plan: Plan) -> Result<(Outcome, u64), Fault> {
        let Plan { log, kind, past } = plan;
        if past.wanted() == 0 {
            return Ok((Outcome::Clean, past.entries()));
        }
        if self.environment.budget.is_spent() {
            return Ok((Outcome::Degraded, past.entries()));
        }
        let (name, source) = (log.origin.clone(), self.logs.open(&log, kind)?);
        let environment = Arc::clone(&self.environment);
        let asked = (self.rule, Arc::clone(&self.authorities));
        let mut looking = pass::look_back(environment, asked, log, kind, source, past).await?;
        let fault = self.parts(&mut looking).await.err();
        self.progress.clear();
        let looked = looking.looked();
        tell(&name, looked);
        let outcome = match fault {
            Some(fault) => {
                say(&format!("error: {}", escape(&fault.message, 4_000)));
                looked.rescan.outcome.max(Outcome::Fault)
            }
            None => looked.rescan.outcome,
        };
        Ok((outcome, looked.left))
    }

    /// Part by part: read, told, recorded.
    async fn parts(&self, looking: &mut pass::LookingBack) -> Result<(), Fault> {
        loop {
            let mut found = Vec::new();
            let mut take = |finding: Finding, object: &str| {
                self.progress.clear();
                print(&form(&finding, self.args.json));
                if self.args.alert && !finding.allowed {
                    found.push((finding, object.to_owned()));
                }
            };
            let Some(part) = looking.next(&mut take).await? else {
                return Ok(());
            };
            deliver(&self.sinks, &found).await?;
            looking.record(part).await?;
        }
    }
}

/// Logs that have a record and are not among those that are asked.
fn say_unwatched(recorded: &[String], plans: &[Plan]) {
    let is_asked = |name: &&String| plans.iter().any(|plan| plan.log.origin == **name);
    for name in recorded.iter().filter(|name| !is_asked(name)) {
        let name = escape(name, MAX_NAME_CHARS);
        say(&format!(
            "{name}: is not watched or cannot be read now; what its record holds is not asked"
        ));
    }
}

fn say_plan(name: &str, past: &Past) {
    let name = escape(name, MAX_NAME_CHARS);
    if past.epochs.is_empty() {
        return say(&format!("{name}: every entry on record was asked"));
    }
    for epoch in &past.epochs {
        let which = match epoch.folder.epoch() {
            1 => String::new(),
            later => format!(" (epoch {later})"),
        };
        let older = epoch.unasked.entries().saturating_sub(epoch.wanted.entries());
        let older = match older {
            0 => String::new(),
            older => format!("; {older} more are older than --since and are left out"),
        };
        let shown = shown(&epoch.wanted);
        let entries = epoch.wanted.entries();
        say(&format!("{name}{which}: {entries} entries to read{shown}{older}"));
        let untold = epoch.untold.entries();
        if untold > 0 {
            say(&format!(
                "{name}{which}: {untold} entries may have been asked: their receipts do not tell which rules there were"
            ));
        }
    }
}

/// The ranges, the first of them.
fn shown(ranges: &Ranges) -> String {
    let first: Vec<String> = ranges
        .iter()
        .take(MAX_SHOWN)
        .map(|(from, to)| format!("[{from}, {to})"))
        .collect();
    match (first.is_empty(), ranges.len().saturating_sub(MAX_SHOWN)) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", first.join(" ")),
        (false, more) => format!(": {} and {more} more ranges", first.join(" ")),
    }
}

fn say_total(rule: &RuleSpec, plans: &[Plan]) {
    let each = plans.iter().map(|plan| plan.past.wanted());
    let entries = each.fold(0, u64::saturating_add);
    let name = escape(&rule.name, MAX_NAME_CHARS);
    say(&format!(
        "asking the rule {name} of {entries} entries that were scanned without it"
    ));
}

/// What came of one log.
fn tell(name: &str, looked: &LookedBack) {
    let (name, counts) = (escape(name, MAX_NAME_CHARS), looked.rescan.counts);
    say(&format!(
        "{name}: {}: {} entries read, proven and asked, {} findings, {} allowed, {} undecodable; {} entries are left",
        looked.rescan.outcome.word(),
        looked.asked,
        counts.findings,
        counts.allowed,
        counts.quarantined,
        looked.left
    ));
    for (epoch, entries) in &looked.lost {
        say(&format!(
            "{name} (epoch {epoch}): {entries} entries stood in a log that is not the one there now; nobody can ask them any more"
        ));
    }
    say_rest(&looked.rescan);
}

fn conclusion(rule: &RuleSpec, remain: u64, worst: Outcome) -> String {
    let name = escape(&rule.name, MAX_NAME_CHARS);
    let again = format!(
        "`rekor-sentinel scan --rule {} --since start` goes on",
        shell_word(&name)
    );
    match (remain, worst) {
        (0, Outcome::Clean | Outcome::Findings | Outcome::Degraded) => {
            format!("the rule {name} covers everything that is on record of these logs")
        }
        (0, _) => format!("the rule {name} does not cover every log; {again}"),
        (1, _) => format!("the rule {name} has not been asked of 1 entry; {again}"),
        (many, _) => format!("the rule {name} has not been asked of {many} entries; {again}"),
    }
}
