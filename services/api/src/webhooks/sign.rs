//! Secrets and signatures, as the Standard Webhooks specification has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use runtime::Problem;
use serde::{Deserialize, Serialize};

/// What a written secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has that is made here.
const MADE_BYTES: usize = 32;

/// What messages are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn new() -> Result<Self, Problem> {
        let mut bytes = [0; MADE_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| no_randomness())?;
        Ok(Self(format!("{PREFIX}{}", STANDARD.encode(bytes))))
    }

    /// Reads a written one.
    ///
    /// # Errors
    /// A text that is none.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let secret = Self(text.to_owned());
        let good = secret.key().is_some_and(|bytes| (24..=64).contains(&bytes.len()));
        if good { Ok(secret) } else { Err(no_secret()) }
    }

    /// As it is written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The signature of a message: `v1,` and the HMAC-SHA256 of id, time and body.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key().unwrap_or_default());
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }

    fn key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()
    }
}

fn no_secret() -> Problem {
    Problem::invalid(
        "webhook-secret-invalid",
        "a secret is `whsec_` and 24 to 64 bytes in base64: leave it out, and one is made",
        "密钥须为 `whsec_` 加 24 到 64 字节的 base64：也可不填，由系统生成",
    )
}

fn no_randomness() -> Problem {
    Problem::deferred(
        "randomness-unavailable",
        "the system has no randomness just now: try again in a moment",
        "系统暂时无法生成随机数：请稍后重试",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        for wrong in ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_?"] {
            assert!(Secret::read(wrong).is_err(), "{wrong}");
        }
        let made = Secret::new().unwrap();
        assert_eq!(Secret::read(made.as_str()), Ok(made.clone()));
        assert_ne!(Secret::new().unwrap(), made);
        assert_eq!(format!("{made:?}"), "Secret(..)");
    }
}
