//! One statement of a policy.

use super::template::TemplateError;
use serde_json::Value;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever another allows.
    Deny,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name, if it has one.
    pub sid: String,
    /// What it does.
    pub effect: Effect,
    /// Patterns of actions: `s3:GetObject`.
    pub actions: Vec<String>,
    /// Patterns of resources.
    pub resources: Vec<String>,
    /// The condition keys that a request must have (`Null: {key: false}`).
    pub needs: Vec<String>,
    /// Every condition, as it is written.
    pub conditions: Value,
}

impl Statement {
    /// The statements of a policy document whose functions are worked out.
    ///
    /// # Errors
    /// A statement without effect, action or resource, or with their negations, which are not read here.
    pub fn all(document: &Value) -> Result<Vec<Self>, TemplateError> {
        let statements = document["Statement"].as_array().into_iter().flatten();
        statements.map(Self::read).collect()
    }

    fn read(value: &Value) -> Result<Self, TemplateError> {
        let form = || TemplateError::Form(value.to_string());
        let effect = match value["Effect"].as_str() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(form()),
        };
        let (actions, resources) = (words(&value["Action"]), words(&value["Resource"]));
        let negated = ["NotAction", "NotResource", "NotPrincipal"];
        if actions.is_empty() || resources.is_empty() || negated.iter().any(|key| value.get(key).is_some()) {
            return Err(form());
        }
        let conditions = value["Condition"].clone();
        let nulls = conditions["Null"].as_object().into_iter().flatten();
        let needs =
            nulls.filter(|(_, absent)| matches!(absent, Value::Bool(false)) || absent.as_str() == Some("false"));
        Ok(Self {
            sid: value["Sid"].as_str().unwrap_or_default().to_owned(),
            effect,
            actions,
            resources,
            needs: needs.map(|(key, _)| key.clone()).collect(),
            conditions,
        })
    }

    /// Whether it speaks of this action on this resource. Actions are compared without regard to case, as IAM does.
    #[must_use]
    pub fn covers(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let covers_action = |pattern: &String| fits(pattern.to_ascii_lowercase().as_bytes(), action.as_bytes());
        let covers_resource = |pattern: &String| fits(pattern.as_bytes(), resource.as_bytes());
        self.actions.iter().any(covers_action) && self.resources.iter().any(covers_resource)
    }

    /// Whether a request with these condition keys has all that it needs.
    #[must_use]
    pub fn is_met_by(&self, keys: &[&str]) -> bool {
        self.needs.iter().all(|need| keys.contains(&need.as_str()))
    }
}

/// A text, or a list of texts.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(items) => items.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

/// `*` is any text, `?` one byte.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(one) if one == byte || *one == b'?' => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((place, from)) = star else { return false };
                star = Some((place, from + 1));
                (at, read) = (place + 1, from + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_cover_any_text_and_nothing_more() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), expect, "{pattern} {text}");
        };
        check("s3:GetObject", "s3:GetObject", true);
        check("s3:GetObject", "s3:GetObjectAcl", false);
        check("s3:GetObject*", "s3:GetObjectAcl", true);
        check("b/state/*", "b/state/a/b.json", true);
        check("b/state/*", "b/state", false);
        check("b/*/receipts/*.json", "b/audit/x/receipts/0.json", true);
        check("b/*/receipts/*.json", "b/audit/x/receipts/0.jsonl", false);
        check("b/?.json", "b/10.json", false);
        check("*", "", true);
    }
}
