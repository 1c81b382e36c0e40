//! A call as policies name it.

use super::wire::{Wire, decoded, field};

/// A call that came, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// As policies name it: `s3:GetObject`, `s3:PutObject`, `s3:ListBucket`, `sns:Publish`, `sns:GetTopicAttributes`.
    /// Of S3 also `s3:HeadObject` and `s3:DeleteObject`, which policies call `s3:GetObject` and `s3:DeleteObject`.
    pub action: String,
    /// The bucket, or the ARN of the topic.
    pub resource: String,
    /// The object's key; of a listing the prefix.
    pub key: String,
    /// The headers of the call, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body of the call.
    pub body: Vec<u8>,
    /// What the caller was answered; nothing if it got no answer (yet).
    pub status: Option<u16>,
}

impl Call {
    /// Reads a request of an SDK, which names buckets in the path.
    pub(crate) fn of(wire: &Wire) -> Self {
        let scope = wire.header("authorization").unwrap_or_default();
        let (action, resource, key) = if scope.contains("/sns/") {
            sns(&wire.text())
        } else if scope.contains("/s3/") {
            s3(wire)
        } else {
            (
                wire.header("x-amz-target").unwrap_or("unknown").to_owned(),
                String::new(),
                String::new(),
            )
        };
        Self {
            action,
            resource,
            key,
            headers: wire.headers.clone(),
            body: wire.body.clone(),
            status: None,
        }
    }

    /// The value of a header of the call.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What the caller must be permitted for this call: the action, and what S3 asks for besides. An overwrite on a
    /// condition needs to read (S3 user guide, "Conditional writes", permissions), retention a permission of its own.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        let action = if self.action == "s3:HeadObject" {
            "s3:GetObject"
        } else {
            &self.action
        };
        let mut all = vec![action.to_owned()];
        if self.action == "s3:PutObject" {
            if self.header("if-match").is_some() {
                all.push("s3:GetObject".to_owned());
            }
            if self.header("x-amz-object-lock-mode").is_some() {
                all.push("s3:PutObjectRetention".to_owned());
            }
        }
        all
    }

    /// Whether it writes.
    #[must_use]
    pub fn is_write(&self) -> bool {
        ["s3:PutObject", "s3:DeleteObject", "sns:Publish"].contains(&self.action.as_str())
    }

    /// An error as the service of this call words it.
    pub(crate) fn error(&self, status: u16, code: &str) -> Wire {
        let message = format!("an answer made for a test ({code})");
        let body = if self.action.starts_with("sns:") {
            format!(
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>MADE-FOR-A-TEST</RequestId></ErrorResponse>"
            )
        } else {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message><RequestId>MADE-FOR-A-TEST</RequestId></Error>"
            )
        };
        let headers = [
            ("content-type", "application/xml"),
            ("x-amz-request-id", "MADE-FOR-A-TEST"),
        ];
        Wire {
            first: format!("HTTP/1.1 {status} Made"),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            body: body.into_bytes(),
        }
    }
}

fn sns(form: &str) -> (String, String, String) {
    let action = field(form, "Action").unwrap_or_default();
    let topic = field(form, "TopicArn")
        .or_else(|| field(form, "Name"))
        .unwrap_or_default();
    (format!("sns:{action}"), topic, String::new())
}

fn s3(wire: &Wire) -> (String, String, String) {
    let (method, path, query) = wire.target();
    let (bucket, key) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((path.trim_start_matches('/'), ""));
    let key = decoded(key, false);
    let action = match (method, key.is_empty()) {
        ("GET", false) => "GetObject",
        ("HEAD", false) => "HeadObject",
        ("PUT", false) => "PutObject",
        ("DELETE", false) => "DeleteObject",
        ("GET", true) if field(query, "list-type").is_some() => "ListBucket",
        (_, true) => "Bucket",
        (_, false) => "Object",
    };
    let key = if action == "ListBucket" {
        field(query, "prefix").unwrap_or_default()
    } else {
        key
    };
    (format!("s3:{action}"), bucket.to_owned(), key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(first: &str, service: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let scope = format!("AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request");
        let authorization = [("authorization", scope.as_str())];
        let headers = headers.iter().chain(&authorization);
        let wire = Wire {
            first: format!("{first} HTTP/1.1"),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.as_bytes().to_vec(),
        };
        Call::of(&wire)
    }

    #[test]
    fn calls_have_the_names_of_policies() {
        let check = |call: Call, action: &str, resource: &str, key: &str, permissions: &[&str]| {
            assert_eq!(
                (call.action.as_str(), call.resource.as_str(), call.key.as_str()),
                (action, resource, key)
            );
            assert_eq!(call.permissions(), permissions);
        };
        let get = call("GET /acme/a/b%2525?x-id=GetObject", "s3", &[], "");
        check(get, "s3:GetObject", "acme", "a/b%25", &["s3:GetObject"]);
        let list = call("GET /acme/?list-type=2&prefix=audit%2Fx", "s3", &[], "");
        check(list, "s3:ListBucket", "acme", "audit/x", &["s3:ListBucket"]);
        let swap = call("PUT /acme/a?x-id=PutObject", "s3", &[("if-match", "\"x\"")], "y");
        check(swap, "s3:PutObject", "acme", "a", &["s3:PutObject", "s3:GetObject"]);
        let locked = call("PUT /acme/a", "s3", &[("x-amz-object-lock-mode", "GOVERNANCE")], "y");
        check(
            locked,
            "s3:PutObject",
            "acme",
            "a",
            &["s3:PutObject", "s3:PutObjectRetention"],
        );
        let publish = call("POST /", "sns", &[], "Action=Publish&TopicArn=arn%3Aaws%3Asns");
        check(publish, "sns:Publish", "arn:aws:sns", "", &["sns:Publish"]);
    }
}
