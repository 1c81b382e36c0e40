//! Who a certificate is for: subject alternative names and the extensions of Fulcio
//! (arc `1.3.6.1.4.1.57264.1`, numbered as in Fulcio's `oid-info.md`).

use crate::der;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The issuer of the tokens of GitHub Actions.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

const FULCIO: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 0];

/// A subject alternative name (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum San {
    /// `rfc822Name`
    Email(String),
    /// `uniformResourceIdentifier`
    Uri(String),
    /// `dNSName`
    Dns(String),
    /// `otherName` of Fulcio's type 7, a UTF8String: the user names of providers without e-mail.
    OtherName(String),
    /// Any tag and content, right or wrong.
    Raw {
        /// The DER tag.
        tag: u8,
        /// The content as it is.
        content: Vec<u8>,
    },
}

/// A certificate extension that is not critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The arcs of its object identifier.
    pub oid: Vec<u64>,
    /// What stands in its OCTET STRING.
    pub value: Vec<u8>,
}

/// The names and extensions of one signer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Names, in order; none at all is possible.
    pub sans: Vec<San>,
    /// Extensions, in order.
    pub extensions: Vec<Extension>,
}

/// A run of a workflow of GitHub Actions, as far as Fulcio tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow<'a> {
    /// User or organisation.
    pub owner: &'a str,
    /// Repository, without the owner.
    pub repository: &'a str,
    /// File name under `.github/workflows/`.
    pub workflow: &'a str,
    /// The full reference, as `refs/tags/v1`.
    pub reference: &'a str,
    /// The commit, in hex.
    pub commit: &'a str,
    /// What started it, as `push`.
    pub trigger: &'a str,
}

impl San {
    pub(crate) fn der(&self) -> Vec<u8> {
        match self {
            San::Email(text) => der::value(0x81, text.as_bytes()),
            San::Dns(text) => der::value(0x82, text.as_bytes()),
            San::Uri(text) => der::value(0x86, text.as_bytes()),
            San::OtherName(text) => {
                let text = der::value(0xA0, &der::value(der::UTF8_STRING, text.as_bytes()));
                der::value(0xA0, &[der::oid(&fulcio(7)), text].concat())
            }
            San::Raw { tag, content } => der::value(*tag, content),
        }
    }
}

impl Identity {
    /// Someone who signed in with an e-mail address at `issuer`.
    pub fn email(address: &str, issuer: &str) -> Identity {
        Identity {
            sans: vec![San::Email(String::from(address))],
            ..Identity::default()
        }
        .issued_by(issuer)
    }

    /// A workload that is named by a URI.
    pub fn uri(uri: &str, issuer: &str) -> Identity {
        Identity {
            sans: vec![San::Uri(String::from(uri))],
            ..Identity::default()
        }
        .issued_by(issuer)
    }

    /// Someone whom Fulcio names by user name alone.
    pub fn user_name(name: &str, issuer: &str) -> Identity {
        Identity {
            sans: vec![San::OtherName(String::from(name))],
            ..Identity::default()
        }
        .issued_by(issuer)
    }

    /// A push that ran a workflow of GitHub Actions; for other details see [`Workflow`].
    pub fn github_workflow(owner: &str, repository: &str, workflow: &str, reference: &str) -> Identity {
        let commit = "5f1d0c3b8e2a4976d1c0b3a2958476e1f0d3c2b5";
        Workflow {
            owner,
            repository,
            workflow,
            reference,
            commit,
            trigger: "push",
        }
        .identity()
    }

    /// Adds both forms of the issuer, as Fulcio does: raw under 1, UTF8String under 8.
    #[must_use]
    pub fn issued_by(self, issuer: &str) -> Identity {
        self.with_raw(1, issuer.as_bytes()).with(8, issuer)
    }

    /// Adds a Fulcio extension as a UTF8String, the form of all from 8 on.
    #[must_use]
    pub fn with(self, number: u64, text: &str) -> Identity {
        self.with_raw(number, &der::value(der::UTF8_STRING, text.as_bytes()))
    }

    /// Adds a Fulcio extension whose value is these bytes, the form of 1 to 6.
    #[must_use]
    pub fn with_raw(mut self, number: u64, value: &[u8]) -> Identity {
        self.extensions.push(Extension {
            oid: fulcio(number).to_vec(),
            value: value.to_vec(),
        });
        self
    }

    /// Adds any extension.
    #[must_use]
    pub fn with_extension(mut self, oid: &[u64], value: &[u8]) -> Identity {
        self.extensions.push(Extension {
            oid: oid.to_vec(),
            value: value.to_vec(),
        });
        self
    }

    /// Adds a name.
    #[must_use]
    pub fn with_san(mut self, san: San) -> Identity {
        self.sans.push(san);
        self
    }
}

impl Workflow<'_> {
    /// The identity that Fulcio certifies for this run: the SAN and the extensions 1 to 6 and 8 to 22.
    pub fn identity(&self) -> Identity {
        let Workflow {
            owner,
            repository,
            workflow,
            reference,
            commit,
            trigger,
        } = self;
        let home = format!("https://github.com/{owner}");
        let source = format!("{home}/{repository}");
        let file = format!(".github/workflows/{workflow}");
        let config = format!("{source}/{file}@{reference}");
        let identity = Identity {
            sans: vec![San::Uri(config.clone())],
            ..Identity::default()
        };
        identity
            .with_raw(1, GITHUB_ISSUER.as_bytes())
            .with_raw(2, trigger.as_bytes())
            .with_raw(3, commit.as_bytes())
            .with_raw(4, workflow.as_bytes())
            .with_raw(5, format!("{owner}/{repository}").as_bytes())
            .with_raw(6, reference.as_bytes())
            .with(8, GITHUB_ISSUER)
            .with(9, &config)
            .with(10, commit)
            .with(11, "github-hosted")
            .with(12, &source)
            .with(13, commit)
            .with(14, reference)
            .with(15, "486325809")
            .with(16, &home)
            .with(17, "80431187")
            .with(18, &config)
            .with(19, commit)
            .with(20, trigger)
            .with(21, &format!("{source}/actions/runs/8373487016/attempts/1"))
            .with(22, "public")
    }
}

fn fulcio(number: u64) -> [u64; 9] {
    let mut oid = FULCIO;
    oid[8] = number;
    oid
}
