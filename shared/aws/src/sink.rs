//! A topic as a sink.
//!
//! The mail topic and the chat topic are two sinks, each with a name of its own, so that each has its own watermark along
//! the record: while one of them is dead, the other neither waits nor hears everything twice.
//!
//! `Ok` is SNS's word that it has the message (it has stored it in several places by then). A publish whose answer was
//! lost is made again: an alert may come twice, with the same id. SNS takes no order from a standard topic's publisher;
//! one alert is published after the answer to the one before it.

use crate::arn::{ArnError, TopicArn};
use crate::calls::{Attempts, Patience};
use crate::clients::Clients;
use crate::message::{Message, Structure};
use crate::trouble::{CallError, CallErrorKind};
use alerts::Alert;
use async_trait::async_trait;
use aws_sdk_sns::types::MessageAttributeValue;
use pass::{AlertSink, SinkError};
use std::collections::HashMap;

const PUBLISH: &str = "sns:Publish";
const ATTRIBUTES: &str = "sns:GetTopicAttributes";

/// A topic that takes alerts.
#[derive(Debug, Clone)]
pub struct SnsSink {
    client: aws_sdk_sns::Client,
    topic: TopicArn,
    name: String,
    form: Form,
    patience: Patience,
}

/// Who reads a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Subscribers,
    Chat,
}

impl SnsSink {
    /// The sink `sns:ARN`: mail, text messages and programs, each in its form. Nothing is asked of the topic yet.
    ///
    /// # Errors
    /// [`ArnError`] if this is the ARN of no topic that alerts can go to.
    pub fn new(clients: &Clients, arn: &str) -> Result<Self, ArnError> {
        Ok(Self::open(clients, TopicArn::parse(arn)?, "sns", Form::Subscribers))
    }

    /// The sink `sns-chat:ARN`: a topic that feeds a chat.
    ///
    /// # Errors
    /// [`ArnError`] if this is the ARN of no topic that alerts can go to.
    pub fn chat(clients: &Clients, arn: &str) -> Result<Self, ArnError> {
        Ok(Self::open(clients, TopicArn::parse(arn)?, "sns-chat", Form::Chat))
    }

    fn open(clients: &Clients, topic: TopicArn, scheme: &str, form: Form) -> Self {
        Self {
            client: clients.sns(topic.region()),
            name: format!("{scheme}:{topic}"),
            topic,
            form,
            patience: clients.patience(),
        }
    }

    async fn publish(&self, message: &Message) -> Result<(), CallError> {
        let mut call = self
            .client
            .publish()
            .topic_arn(self.topic.as_str())
            .subject(&message.subject)
            .message(&message.body);
        if message.structure == Structure::ByProtocol {
            call = call.message_structure("json");
        }
        for (name, value) in &message.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let refused = |error| {
                CallError::new(
                    PUBLISH,
                    self.topic.as_str(),
                    CallErrorKind::Refused,
                    &format!("{error}"),
                )
            };
            call = call.message_attributes(*name, value.build().map_err(refused)?);
        }
        let patience = self.patience.for_bytes(message.bytes());
        match tokio::time::timeout(patience, call.send()).await {
            Ok(answer) => answer
                .map(drop)
                .map_err(|error| CallError::of(PUBLISH, self.topic.as_str(), &error)),
            Err(_elapsed) => Err(late(PUBLISH, &self.topic, patience)),
        }
    }
}

#[async_trait]
impl AlertSink for SnsSink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        let message = match self.form {
            Form::Subscribers => Message::for_subscribers(alert),
            Form::Chat => Message::for_chat(alert),
        };
        let mut attempts = Attempts::new(self.patience);
        while let Err(failed) = self.publish(&message).await {
            attempts.another(failed).await.map_err(|failed| SinkError {
                sink: self.name.clone(),
                alert: alert.id.clone(),
                source: Box::new(failed),
            })?;
        }
        Ok(())
    }
}

/// How many subscriptions of a topic are confirmed. A topic with none reaches nobody, and takes every message.
///
/// # Errors
/// [`CallError`] if the topic cannot be asked (`sns:GetTopicAttributes`), or its ARN is none.
pub async fn confirmed_subscribers(clients: &Clients, arn: &str) -> Result<u64, CallError> {
    let topic = TopicArn::parse(arn)
        .map_err(|error| CallError::new(ATTRIBUTES, arn, CallErrorKind::Refused, &error.to_string()))?;
    let client = clients.sns(topic.region());
    let mut attempts = Attempts::new(clients.patience());
    loop {
        match asked(&client, &topic, clients.patience()).await {
            Ok(count) => return Ok(count),
            Err(failed) => attempts.another(failed).await?,
        }
    }
}

async fn asked(client: &aws_sdk_sns::Client, topic: &TopicArn, patience: Patience) -> Result<u64, CallError> {
    let call = client.get_topic_attributes().topic_arn(topic.as_str());
    let answer = match tokio::time::timeout(patience.attempt, call.send()).await {
        Ok(answer) => answer.map_err(|error| CallError::of(ATTRIBUTES, topic.as_str(), &error))?,
        Err(_elapsed) => return Err(late(ATTRIBUTES, topic, patience.attempt)),
    };
    let count = answer.attributes().and_then(confirmed);
    count.ok_or_else(|| {
        let said = "an answer without SubscriptionsConfirmed";
        CallError::new(ATTRIBUTES, topic.as_str(), CallErrorKind::Answer, said)
    })
}

/// SNS writes numbers as text.
fn confirmed(attributes: &HashMap<String, String>) -> Option<u64> {
    attributes.get("SubscriptionsConfirmed")?.parse().ok()
}

fn late(action: &'static str, topic: &TopicArn, patience: core::time::Duration) -> CallError {
    let said = format!("no complete answer within {} s", patience.as_secs());
    CallError::new(action, topic.as_str(), CallErrorKind::Unavailable, &said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_counted() {
        let check = |name: &str, value: &str, expect: Option<u64>| {
            let attributes = HashMap::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(confirmed(&attributes), expect, "{name} {value}");
        };
        check("SubscriptionsConfirmed", "0", Some(0));
        check("SubscriptionsConfirmed", "12", Some(12));
        check("SubscriptionsConfirmed", "", None);
        check("SubscriptionsConfirmed", "-1", None);
        check("SubscriptionsPending", "1", None);
    }
}
