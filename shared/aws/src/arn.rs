//! The name of a topic.

use core::fmt;

/// The longest name of a sink is 256 bytes (the contract of `AlertSink`), of which `sns-chat:` takes 9.
const MAX_ARN_BYTES: usize = 247;

/// The ARN of a standard topic: `arn:aws:sns:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicArn {
    arn: String,
    region: String,
}

/// A text that is no ARN of a topic that alerts can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It has another form.
    #[error("write the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME")]
    Form,
    /// It is longer than the name of a sink may be.
    #[error("the ARN has more than {MAX_ARN_BYTES} characters; take a topic with a shorter name")]
    TooLong,
    /// A FIFO topic.
    #[error("a FIFO topic reaches neither mail nor text messages nor chat; take a standard topic")]
    Fifo,
}

impl TopicArn {
    /// Reads an ARN.
    ///
    /// # Errors
    /// [`ArnError`].
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return Err(ArnError::Form);
        };
        let word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let number = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let plain = name.strip_suffix(".fifo").unwrap_or(name);
        let named = plain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !word(partition) || !word(region) || !number || plain.is_empty() || plain.len() > 256 || !named {
            return Err(ArnError::Form);
        }
        if plain != *name {
            return Err(ArnError::Fifo);
        }
        if text.len() > MAX_ARN_BYTES {
            return Err(ArnError::TooLong);
        }
        Ok(Self {
            arn: text.to_owned(),
            region: (*region).to_owned(),
        })
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// The region that the topic is in; it need not be that of the caller.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read() {
        for (arn, region) in [
            ("arn:aws:sns:eu-central-1:123456789012:alerts", "eu-central-1"),
            ("arn:aws-us-gov:sns:us-gov-west-1:000000000000:A_b-9", "us-gov-west-1"),
        ] {
            let topic = TopicArn::parse(arn).unwrap();
            assert_eq!((topic.as_str(), topic.region()), (arn, region));
        }
    }

    #[test]
    fn what_is_no_topic_says_why() {
        let check = |text: &str, expect: ArnError| assert_eq!(TopicArn::parse(text), Err(expect), "{text}");
        for text in [
            "",
            "alerts",
            "arn:aws:sqs:eu-central-1:123456789012:alerts",
            "arn:aws:sns:eu-central-1:123456789012",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:.fifo",
            "arn:aws:sns:eu-central-1:12345678901:alerts",
            "arn:aws:sns:eu-central-1:12345678901x:alerts",
            "arn:aws:sns::123456789012:alerts",
            "arn::sns:eu-central-1:123456789012:alerts",
            "arn:aws:sns:eu-central-1:123456789012:a b",
            "arn:aws:sns:eu-central-1:123456789012:alerts:1b2c",
            " arn:aws:sns:eu-central-1:123456789012:alerts",
        ] {
            check(text, ArnError::Form);
        }
        check("arn:aws:sns:eu-central-1:123456789012:alerts.fifo", ArnError::Fifo);
        let long = format!("arn:aws:sns:eu-central-1:123456789012:{}", "a".repeat(220));
        check(&long, ArnError::TooLong);
    }
}
