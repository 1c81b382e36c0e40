//! Key files of the ecosystems, some deliberately bad: what their own tools say of them, or a clear error.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::minisign::{self, NotMinisign};
use sentinel_sigstore::openpgp::{self, PgpError};
use sentinel_sigstore::pem::{self, Label};
use sentinel_sigstore::ssh::{self, SshError};
use sentinel_sigstore::tuf::{self, NotARoot, TufKey};
use sentinel_sigstore::{NamedKey, cms};
use support::corpus;
use tlog::Hash;

/// A file of the corpus' keys with its path.
fn key_file(name: &str) -> Option<(PathBuf, Vec<u8>)> {
    let path = corpus(&format!("keys/{name}"))?;
    let bytes = std::fs::read(&path).unwrap();
    Some((path, bytes))
}

/// What a tool prints, where the machine has it.
fn printed(command: &mut Command) -> Option<String> {
    let output = match command.output() {
        Ok(output) => output,
        Err(_) => {
            println!("no {} here: not compared with it", command.get_program().display());
            return None;
        }
    };
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn fingerprints(keys: &[NamedKey]) -> Vec<String> {
    keys.iter().flat_map(|key| key.fingerprints.clone()).collect()
}

fn subjects(keys: &[NamedKey]) -> Vec<String> {
    keys.iter().flat_map(|key| key.subjects.clone()).collect()
}

/// Fingerprints and user ids as `gpg --show-keys` prints them.
fn gpg(file: &Path) -> Option<(Vec<String>, Vec<String>)> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gnupg-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    let arguments = ["--batch", "--with-colons", "--with-subkey-fingerprints", "--show-keys"];
    let text = printed(
        Command::new("gpg")
            .arg("--homedir")
            .arg(&home)
            .args(arguments)
            .arg(file),
    );
    let column = |kind: &str, text: &str| {
        let fields = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let of_kind = fields.filter(|fields| fields[0] == kind);
        of_kind.map(|fields| fields[9].to_owned()).collect::<Vec<_>>()
    };
    let found = text.map(|text| (column("fpr", &text), column("uid", &text)));
    std::fs::remove_dir_all(home).unwrap();
    found
}

#[test]
fn pgp_keys_are_those_that_gpg_shows() {
    let plain = [
        "61bc29b1bfac433312be813a86f575529d0f9ff4",
        "df8d33c4b29e3e3396a9d55e1e75e9895d24124f",
    ];
    let complex = [
        "4cca1eaf950cee4ab83976dca040830f7fac5991",
        "9534c9c4130b4dc9927992bf4f30b6b4c07cb649",
        "eb4c1bfd4f042f6ddddccec917721f63bd38b4796",
    ];
    for name in ["armored", "binary", "armored_complex", "binary_complex"] {
        let Some((path, bytes)) = key_file(&format!("pgp/valid_{name}_public.pgp")) else {
            return;
        };
        let keys = openpgp::keys(&bytes).unwrap();
        if name.ends_with("complex") {
            assert_eq!(fingerprints(&keys)[..2], complex[..2]);
            assert_eq!(keys.len(), 2);
            assert_eq!(subjects(&keys), ["linux-packages-keymaster@google.com"; 2]);
        } else {
            assert_eq!(fingerprints(&keys), plain);
            assert_eq!(subjects(&keys), ["not@real.com"]);
        }
        if let Some((expect, users)) = gpg(&path) {
            let expect: Vec<String> = expect.iter().map(|it| it.to_lowercase()).collect();
            assert_eq!(fingerprints(&keys), expect, "{name}");
            assert!(
                subjects(&keys)
                    .iter()
                    .all(|it| users.iter().any(|user| user.contains(it)))
            );
        }
    }
}

#[test]
fn what_is_no_pgp_key_is_refused() {
    for (name, expect) in [
        ("bogus_armored.pgp", PgpError::Packet),
        ("bogus_binary.pgp", PgpError::Packet),
        ("hello_world.txt", PgpError::Packet),
        ("hello_world.txt.sig", PgpError::Empty),
        ("hello_world.txt.v3.sig", PgpError::Empty),
        ("hello_world.txt.asc.sig", PgpError::Armor),
        ("hello_world.txt.asc.v3.sig", PgpError::Armor),
    ] {
        if let Some((_, bytes)) = key_file(&format!("pgp/{name}")) {
            assert_eq!(openpgp::keys(&bytes), Err(expect), "{name}");
        }
    }
}

#[test]
fn a_cut_or_changed_pgp_key_is_never_read_as_more_than_it_was() {
    let Some((_, bytes)) = key_file("pgp/valid_binary_complex_public.pgp") else {
        return;
    };
    let whole = fingerprints(&openpgp::keys(&bytes).unwrap());
    for length in 0..bytes.len() {
        if let Ok(keys) = openpgp::keys(&bytes[..length]) {
            assert!(whole.starts_with(&fingerprints(&keys)));
        }
    }
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1 << (at % 8);
        let _ = openpgp::keys(&other);
    }
    let Some((_, armored)) = key_file("pgp/valid_armored_public.pgp") else {
        return;
    };
    let headers = armored.windows(2).position(|it| it == b"\n\n").unwrap() + 2;
    for at in headers..armored.len() - 1 {
        let mut other = armored.clone();
        other[at] ^= 1;
        // A line end may become another white space; everything else breaks armour or checksum.
        let found = openpgp::keys(&other);
        assert!(found.is_err() || found == openpgp::keys(&armored), "{at}");
    }
}

#[test]
fn ssh_keys_are_those_that_ssh_keygen_lists() {
    let (Some((path, key)), Some((_, signature))) = (key_file("ssh/id_rsa.pub"), key_file("ssh/hello_world.txt.sig"))
    else {
        return;
    };
    let found = ssh::public_key(&key).unwrap();
    assert_eq!(
        found.fingerprints,
        ["SHA256:95ofDdJ0L+QwEG2g4orBTeBPWCD0xNU1/4AtRLpQDMc"]
    );
    assert_eq!(found.subjects, ["test@rekor.dev"]);
    if let Some(text) = printed(Command::new("ssh-keygen").arg("-lf").arg(path)) {
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!((words[1], words[2]), (&*found.fingerprints[0], &*found.subjects[0]));
    }
    assert_eq!(ssh::signature_key(&signature).unwrap().fingerprints, found.fingerprints);
    assert_eq!(ssh::public_key(&signature), Err(SshError::Line));
    assert_eq!(ssh::signature_key(&key), Err(SshError::Signature));
    for at in 0..key.len() {
        let mut other = key.clone();
        other[at] ^= 1;
        assert!(
            ssh::public_key(&other).as_ref() != Ok(&found) || at == key.len() - 1,
            "{at}"
        );
    }
}

#[test]
fn minisign_keys_have_the_id_of_their_comment() {
    for (name, id, spki) in [
        ("minisign.pub", "9d92931126ae543f", None),
        ("minisign_key_only.pub", "9d92931126ae543f", None),
        ("minisign_hashed.pub", "71418543d227848", None),
        ("signify.pub", "10cd4d703fca99", None::<&str>),
    ] {
        let Some((_, bytes)) = key_file(&format!("minisign/{name}")) else {
            return;
        };
        let key = minisign::public_key(&bytes).unwrap();
        assert_eq!(key.fingerprints[0].len(), 64);
        assert!(spki.is_none_or(|spki| key.fingerprints[0] == spki));
        assert!(
            key.fingerprints[1..].iter().any(|it| it.ends_with(id)),
            "{name} {key:?}"
        );
        let text = String::from_utf8(bytes).unwrap();
        let said = text.lines().next().unwrap().rsplit(' ').next().unwrap().to_lowercase();
        if text.contains("minisign public key") {
            assert!(key.fingerprints.contains(&said), "{name}");
        }
    }
    for name in [
        "hello_world.txt",
        "hello_world.txt.minisig",
        "hello_world.txt.signify",
        "hello_world_hashed.txt.minisig",
    ] {
        if let Some((_, bytes)) = key_file(&format!("minisign/{name}")) {
            assert_eq!(minisign::public_key(&bytes), Err(NotMinisign), "{name}");
        }
    }
}

#[test]
fn a_pkcs7_file_names_who_signed() {
    let Some((_, mut bytes)) = key_file("pkcs7/sig.pkcs7.pem") else {
        return;
    };
    let block = pem::read(&mut bytes).unwrap();
    assert_eq!(block.label, Label::Cms);
    let message = STANDARD.decode(&bytes[block.base64]).unwrap();
    let signers = cms::signers(&message).unwrap();
    let hashes: Vec<String> = signers.iter().map(|it| Hash::of(it).to_string()).collect();
    assert_eq!(
        hashes,
        ["9f8e231e30519c0468801885252d1f86f1d1a26c1e95101aabbabc9699b38c24"]
    );
    for at in 0..message.len() {
        let mut other = message.clone();
        other[at] ^= 1 << (at % 8);
        let _ = cms::signers(&other);
        assert!(cms::signers(&message[..at]).is_err());
    }
}

fn spki_hash(key: &TufKey) -> String {
    match key {
        TufKey::Spki(spki) => Hash::of(spki).to_string(),
        TufKey::Pem(pem) => {
            let mut text = pem.clone().into_bytes();
            let block = pem::read(&mut text).unwrap();
            assert_eq!(block.label, Label::PublicKey);
            Hash::of(&STANDARD.decode(&text[block.base64]).unwrap()).to_string()
        }
    }
}

#[test]
fn tuf_roots_list_their_keys() {
    // SHA-256 of the SubjectPublicKeyInfo, by pyca/cryptography.
    let ecdsa = [
        "0673582046e91a71682393136788cb919fec710ff32f0405f8d6c1c4e353b32a",
        "982b189ef57e402bd5a68367ccfdcdb0b771460ee3db5c16c78f097f1df4e5ac",
        "24f41f42dbd34df3ba550f09bc08248b20fba7f465cb0ee5773ac98794be4329",
        "e94c11193ffde323a900649a7e88e5ef153fbbe6a3bae6b6fa1dea55f4e2d681",
        "da10c9113aa24fc82395e8a747e1bc17053324b6b4109f39066817567d174fdf",
        "56cf17e59dacce4f7e8c9066fa9d0f6850c038b3778aa3dad8764d3e3a76356b",
        "5330d64c5e6be93dd8d118433cffec9a079aa7260706502b352f3f88ce8d03ff",
    ];
    let ed25519 = [
        "bae938d75aa761964e1acafaa78e2ceb3e780be8bc1558a73b3c15389e83551e",
        "ec8b01d3d86e5af51d8e812c59ce45171be99fb7da1b44597b92eccd9be89859",
        "0961b0deda9bf361d1af9280457423ff32957df76bdb0be3d1ebb7ebbe294378",
        "918ad373a67a60b7c5da9f1fc16932f0c2ad5a32e60d034ea043faf4a0b92237",
    ];
    for (name, expect) in [("1.root.json", &ecdsa[..]), ("other_root.json", &ed25519)] {
        if let Some((_, bytes)) = key_file(&format!("tuf/{name}")) {
            let keys = tuf::root_keys(&bytes).unwrap();
            assert_eq!(keys.iter().map(spki_hash).collect::<Vec<_>>(), expect, "{name}");
        }
    }
    for name in ["timestamp.json", "bogus.json"] {
        if let Some((_, bytes)) = key_file(&format!("tuf/{name}")) {
            assert_eq!(tuf::root_keys(&bytes), Err(NotARoot), "{name}");
        }
    }
}

#[test]
fn every_root_of_the_production_chain_is_read() {
    let Some(folder) = corpus("trust/roots") else {
        return;
    };
    for version in 1..=15 {
        let bytes = std::fs::read(folder.join(format!("{version}.root.json"))).unwrap();
        let keys = tuf::root_keys(&bytes).unwrap();
        assert!(keys.len() >= 5, "{version}");
        let hashes: Vec<String> = keys.iter().map(spki_hash).collect();
        assert!(hashes.iter().all(|hash| hash.len() == 64));
    }
}

#[test]
fn an_x509_key_is_told_by_its_hash() {
    let Some((_, mut bytes)) = key_file("x509/ec.pub") else {
        return;
    };
    let block = pem::read(&mut bytes).unwrap();
    assert_eq!(block.label, Label::PublicKey);
    // As `openssl pkey -pubin -outform der | sha256sum` prints it.
    assert_eq!(
        Hash::of(&STANDARD.decode(&bytes[block.base64]).unwrap()).to_string(),
        "d4371c17ac9488dd21fbab5fafe12d8d371ffb30bb203fe70a666774a67940ad"
    );
}
