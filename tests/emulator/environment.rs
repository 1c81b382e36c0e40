//! The virtual environment that holds the emulator: made once, for all tests that share a target folder.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What is installed, and nothing else.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// An installation takes seconds; a slow network a minute or two.
const PATIENCE: Duration = Duration::from_secs(240);

/// So long after a failed installation the next test does not try again.
const FAILED_FOR: Duration = Duration::from_secs(300);

/// The Python of the environment, which is made if need be.
///
/// # Errors
/// Why it cannot be had, in one line.
pub(crate) fn python() -> Result<PathBuf, String> {
    let folder = target().join(
        format!("moto-{}", tlog::Hash::of(REQUIREMENTS.as_bytes()))
            .split_at(21)
            .0,
    );
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Held until the file is closed, by this process or by its end: others wait, and find it made.
    let lock = File::create(folder.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("the lock of {}: {error}", folder.display()))?;
    let python = folder.join("venv/bin/python");
    if folder.join("made").exists() {
        return Ok(python);
    }
    let failed = folder.join("failed");
    if let Some(why) = failed_lately(&failed) {
        return Err(why);
    }
    match make(&folder) {
        Ok(()) => {
            fs::write(folder.join("made"), "").map_err(|error| error.to_string())?;
            Ok(python)
        }
        Err(why) => {
            let _best_effort = fs::write(failed, &why);
            Err(why)
        }
    }
}

fn failed_lately(failed: &Path) -> Option<String> {
    let age = fs::metadata(failed).ok()?.modified().ok()?.elapsed().ok()?;
    let why = fs::read_to_string(failed).ok()?;
    (age < FAILED_FOR).then_some(why)
}

/// The folder that cargo builds into: the one above this program, or else as the environment says.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let above = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    match (above, std::env::var_os("CARGO_TARGET_DIR")) {
        (Some(folder), _) => folder.to_path_buf(),
        (None, Some(folder)) => PathBuf::from(folder),
        (None, None) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
    }
}

fn make(folder: &Path) -> Result<(), String> {
    let venv = folder.join("venv");
    let _absent = fs::remove_dir_all(&venv);
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(|error| error.to_string())?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let quick = [
        "--quiet",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--timeout",
        "20",
    ];
    let pip = venv.join("bin/python");
    run(Command::new(pip)
        .args(["-m", "pip", "install", "--no-deps"])
        .args(quick)
        .arg("-r")
        .arg(requirements))
}

/// Runs a command to its end, or kills it when that takes too long.
fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
    let mut errors = child.stderr.take();
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        if let Some(errors) = &mut errors {
            let _best_effort = errors.read_to_string(&mut said);
        }
        said
    });
    let ended = wait(&mut child);
    let said = said.join().unwrap_or_default();
    let last = said
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty())
        .unwrap_or_default();
    match ended {
        Some(true) => Ok(()),
        Some(false) => Err(format!("{shown}: {last}")),
        None => Err(format!("{shown}: not done within {} s", PATIENCE.as_secs())),
    }
}

/// Whether it succeeded; nothing if it had to be killed.
fn wait(child: &mut Child) -> Option<bool> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _gone = child.kill();
    let _reaped = child.wait();
    None
}

/// Says in one line that tests are skipped; panics where they must not be.
pub(crate) fn skip(why: &str) {
    let required = std::env::var("SENTINEL_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split([',', ' ']).any(|name| name == "moto"),
        "SENTINEL_TEST_REQUIRE asks for the AWS emulator, and it cannot be had: {why}"
    );
    // Past the capture of the test runner: a test that was skipped must not look like one that passed.
    let mut out = std::io::stderr().lock();
    let _nobody_reads = writeln!(out, "SKIPPED: the AWS emulator (moto) cannot be had here: {why}");
}
