//! What the template lets the function do, so that a test can hold every recorded call to it.
//!
//! The template is worked out with the parameters of the test (an existing bucket and topics give resources the names
//! that the emulator knows), the statements of the function's role are collected, and [`Policy::allows`] answers as IAM
//! would for these statements: explicit deny first, then any allow; `*` and `?` in actions and resources.
//!
//! ```
//! use stage::policy::Policy;
//!
//! let topic = "arn:aws:sns:us-east-1:123456789012:alerts";
//! let policy = Policy::of_function(&[("ExistingBucket", "b"), ("ExistingTopic", topic)])?;
//! assert!(policy.allows("s3:GetObject", "arn:aws:s3:::b/config/sentinel.yaml"));
//! assert!(!policy.allows("s3:PutObject", "arn:aws:s3:::b/config/sentinel.yaml"));
//! // What stands under audit/ is written once: only a request with `If-None-Match` may.
//! let receipt = "arn:aws:s3:::b/audit/log/receipts/0.json";
//! assert!(policy.allows_with("s3:PutObject", receipt, &["s3:if-none-match"]));
//! assert!(!policy.allows_with("s3:PutObject", receipt, &[]));
//! # Ok::<(), stage::policy::TemplateError>(())
//! ```

mod yaml;
mod template;
mod statement;

pub use statement::{Effect, Statement};
pub use template::{ACCOUNT, REGION, Template, TemplateError};
pub use yaml::YamlError;

use crate::emulator::Call;
use std::collections::BTreeSet;

/// The role of the function.
const ROLE: &str = "FunctionRole";

/// The statements of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

impl Policy {
    /// What the function's role allows in a deployment with these parameters; the others have their defaults.
    ///
    /// # Errors
    /// When the template cannot be worked out, or gives the function no role of its own.
    pub fn of_function(given: &[(&str, &str)]) -> Result<Self, TemplateError> {
        let resources = Template::ours(given)?.resources()?;
        let role = resources
            .get(ROLE)
            .ok_or_else(|| TemplateError::Dangling(ROLE.to_owned()))?;
        let policies = role["Properties"]["Policies"].as_array().into_iter().flatten();
        let documents = policies.map(|policy| &policy["PolicyDocument"]);
        let statements: Result<Vec<Vec<Statement>>, TemplateError> = documents.map(Statement::all).collect();
        Ok(Self {
            statements: statements?.concat(),
        })
    }

    /// Every statement.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Every action that some statement allows, as it is written.
    #[must_use]
    pub fn actions(&self) -> BTreeSet<&str> {
        let allowing = self.statements.iter().filter(|one| one.effect == Effect::Allow);
        allowing.flat_map(|one| &one.actions).map(String::as_str).collect()
    }

    /// Whether an action on a resource may be allowed, by a request that fulfils every condition.
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        self.decide(action, resource, None)
    }

    /// Whether an action on a resource is allowed, of a request that has exactly these condition keys
    /// (`s3:if-none-match` of a request with that header).
    #[must_use]
    pub fn allows_with(&self, action: &str, resource: &str, keys: &[&str]) -> bool {
        self.decide(action, resource, Some(keys))
    }

    /// What a recorded call needs and this policy does not allow: none of it if the call may be made.
    #[must_use]
    pub fn missing(&self, call: &Call) -> Vec<String> {
        let conditions = ["if-match", "if-none-match"].into_iter();
        let keys: Vec<String> = conditions
            .filter(|header| call.header(header).is_some())
            .map(|header| format!("s3:{header}"))
            .collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let resource = match call.action.as_str() {
            "s3:ListBucket" => format!("arn:aws:s3:::{}", call.resource),
            action if action.starts_with("s3:") => format!("arn:aws:s3:::{}/{}", call.resource, call.key),
            _ => call.resource.clone(),
        };
        let mut needed = call.permissions();
        needed.retain(|action| !self.allows_with(action, &resource, &keys));
        needed
            .into_iter()
            .map(|action| format!("{action} on {resource}"))
            .collect()
    }

    fn decide(&self, action: &str, resource: &str, keys: Option<&[&str]>) -> bool {
        let about: Vec<&Statement> = self
            .statements
            .iter()
            .filter(|one| one.covers(action, resource) && keys.is_none_or(|keys| one.is_met_by(keys)))
            .collect();
        !about.is_empty() && about.iter().all(|one| one.effect == Effect::Allow)
    }
}
