//! What tests do to the emulator themselves: buckets, objects, topics, queues, over plain HTTP.

use super::moto::Moto;
use super::wire::{Wire, Without, encoded};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A call to the emulator takes milliseconds, and waits for those before it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A queue of messages that a topic was given.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its path at the emulator.
    url: String,
    /// Its ARN.
    pub arn: String,
}

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message as its subscriber gets it: for a topic with forms that of the protocol `sqs`.
    pub body: String,
    /// Its attributes: names and values, in the order of the names.
    pub attributes: Vec<(String, String)>,
}

/// An object of a bucket, with the headers that S3 answers it with (names in lower case).
#[derive(Debug, Clone)]
pub struct Stored {
    /// The content.
    pub bytes: Vec<u8>,
    /// Such as `etag`, `x-amz-object-lock-mode`, `x-amz-checksum-sha256`.
    pub headers: Vec<(String, String)>,
}

impl Stored {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Moto {
    /// Makes a bucket.
    pub fn create_bucket(&self, name: &str) {
        self.s3("PUT", &format!("/{name}"), &[], b"");
    }

    /// Makes a bucket with object lock (and so with versions).
    pub fn create_bucket_with_lock(&self, name: &str) {
        let lock = [("x-amz-bucket-object-lock-enabled", "true")];
        self.s3("PUT", &format!("/{name}"), &lock, b"");
    }

    /// Keeps all versions of the objects of a bucket from now on.
    pub fn keep_versions(&self, bucket: &str) {
        let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        self.s3("PUT", &format!("/{bucket}?versioning"), &[], body.as_bytes());
    }

    /// Puts an object there, whatever there is.
    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.s3("PUT", &format!("/{bucket}/{}", encoded(key)), &[], bytes);
    }

    /// An object, if there is one.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Option<Stored> {
        let checksum = [("x-amz-checksum-mode", "ENABLED")];
        let answer = self.send("s3", "GET", &format!("/{bucket}/{}", encoded(key)), &checksum, b"");
        match answer.status() {
            Some(200) => Some(Stored {
                bytes: answer.body,
                headers: answer.headers,
            }),
            Some(404) => None,
            _ => panic!("{} {}", answer.first, answer.text()),
        }
    }

    /// Takes an object away.
    pub fn delete(&self, bucket: &str, key: &str) {
        self.s3("DELETE", &format!("/{bucket}/{}", encoded(key)), &[], b"");
    }

    /// Every key of a bucket that begins so, in order.
    #[must_use]
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let from = token.map_or_else(String::new, |token| format!("&continuation-token={}", encoded(&token)));
            let path = format!("/{bucket}?list-type=2&prefix={}{from}", encoded(prefix));
            let page = self.s3("GET", &path, &[], b"").text();
            keys.extend(elements(&page, "Key"));
            token = elements(&page, "NextContinuationToken").pop();
            if token.is_none() {
                return keys;
            }
        }
    }

    /// Makes a topic; its ARN.
    #[must_use]
    pub fn create_topic(&self, name: &str) -> String {
        self.sns(&[("Action", "CreateTopic"), ("Name", name)], "TopicArn")
    }

    /// Takes a topic away.
    pub fn delete_topic(&self, arn: &str) {
        self.sns(&[("Action", "DeleteTopic"), ("TopicArn", arn)], "RequestId");
    }

    /// Makes a queue that gets whatever the topic is given, raw: the message alone, with its attributes. (moto says of
    /// every topic that it has 0 confirmed subscriptions, of this one too.)
    #[must_use]
    pub fn subscribe(&self, topic: &str, name: &str) -> Queue {
        let url = self.sqs("CreateQueue", &serde_json::json!({ "QueueName": name }));
        let url = url["QueueUrl"].as_str().unwrap().to_owned();
        let asked = serde_json::json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
        let arn = self.sqs("GetQueueAttributes", &asked);
        let arn = arn["Attributes"]["QueueArn"].as_str().unwrap().to_owned();
        let fields = [
            ("Action", "Subscribe"),
            ("TopicArn", topic),
            ("Protocol", "sqs"),
            ("Endpoint", &arn),
            ("Attributes.entry.1.key", "RawMessageDelivery"),
            ("Attributes.entry.1.value", "true"),
        ];
        self.sns(&fields, "SubscriptionArn");
        Queue { url, arn }
    }

    /// Takes every message that is in a queue, in the order in which they came.
    #[must_use]
    pub fn receive(&self, queue: &Queue) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let asked = serde_json::json!({
                "QueueUrl": queue.url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 0,
            });
            let page = self.sqs("ReceiveMessage", &asked);
            let Some(page) = page["Messages"].as_array().filter(|page| !page.is_empty()).cloned() else {
                return messages;
            };
            for message in page {
                let taken = serde_json::json!({ "QueueUrl": queue.url, "ReceiptHandle": message["ReceiptHandle"] });
                self.sqs("DeleteMessage", &taken);
                messages.push(read(&message));
            }
        }
    }

    fn s3(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Wire {
        let answer = self.send("s3", method, path, headers, body);
        let fine = answer.status().is_some_and(|status| (200..300).contains(&status));
        assert!(fine, "{method} {path}: {} {}", answer.first, answer.text());
        answer
    }

    /// A call of SNS, which speaks forms and XML; the text of one element of the answer.
    fn sns(&self, fields: &[(&str, &str)], element: &str) -> String {
        let all = fields.iter().chain(&[("Version", "2010-03-31")]);
        let form: Vec<String> = all.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self.send("sns", "POST", "/", &kind, form.join("&").as_bytes());
        assert_eq!(answer.status(), Some(200), "{fields:?}: {}", answer.text());
        elements(&answer.text(), element).pop().unwrap_or_default()
    }

    fn sqs(&self, action: &str, body: &serde_json::Value) -> serde_json::Value {
        let target = format!("AmazonSQS.{action}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target.as_str()),
        ];
        let answer = self.send("sqs", "POST", "/", &headers, body.to_string().as_bytes());
        assert_eq!(answer.status(), Some(200), "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    fn send(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Wire {
        // The emulator looks at the service's name in it, and at nothing else.
        let scope = format!("Credential=testing/20260101/us-east-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none");
        let fixed = [
            ("host", self.address().to_string()),
            ("authorization", authorization),
            ("content-length", body.len().to_string()),
            ("connection", "close".to_owned()),
        ];
        let more = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let request = Wire {
            first: format!("{method} {path} HTTP/1.1"),
            headers: fixed
                .into_iter()
                .chain(more)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body: body.to_vec(),
        };
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&request.to_bytes()).unwrap();
        Wire::read(&mut BufReader::new(stream), Without::UntilTheEnd)
            .unwrap()
            .unwrap()
    }
}

fn read(message: &serde_json::Value) -> Message {
    let attributes = message["MessageAttributes"].as_object().cloned().unwrap_or_default();
    let value = |value: &serde_json::Value| value["StringValue"].as_str().unwrap_or_default().to_owned();
    Message {
        body: message["Body"].as_str().unwrap_or_default().to_owned(),
        attributes: attributes
            .iter()
            .map(|(name, found)| (name.clone(), value(found)))
            .collect(),
    }
}

/// The texts of all elements of a name, which hold nothing but text.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    let texts = parts.map(|part| part.split(close.as_str()).next().unwrap_or_default());
    texts
        .map(|text| text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .collect()
}
