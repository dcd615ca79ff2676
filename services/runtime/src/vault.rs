//! Keys of personal data: one per household, volunteer, community or unidentified piece. Deleting a
//! key erases everything that was sealed with it, wherever its ciphertext has been copied
//! (crypto-shredding).
//!
//! The keys lie in a file of their own, beside the log and never in it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::household::event::{NameToken, TailToken};
use domain::ids::{CommunityId, HouseholdId, ParcelId, VolunteerId};
use domain::sealed::Sealed;
use rusqlite::{Connection, OptionalExtension};

/// Bytes of a nonce of `XChaCha20-Poly1305`: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;
/// How long another process may keep the file.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A household.
    Household(CommunityId, HouseholdId),
    /// A piece whose household is not known.
    Parcel(CommunityId, ParcelId),
    /// A volunteer or worker.
    Volunteer(CommunityId, VolunteerId),
    /// A community: for search tokens only.
    Community(CommunityId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Household(community, id) => write!(f, "household-{community}.{id}"),
            Self::Parcel(community, id) => write!(f, "parcel-{community}.{id}"),
            Self::Volunteer(community, id) => write!(f, "volunteer-{community}.{id}"),
            Self::Community(community) => write!(f, "community-{community}"),
        }
    }
}

/// What a sealed text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The text.
    Text(String),
    /// The subject was erased: nobody can read it again.
    Erased,
}

/// The vault could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file failed.
    #[error("the key file failed")]
    Database(#[from] rusqlite::Error),
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Randomness,
    /// The sealed text was changed, or sealed with another key.
    #[error("a sealed text cannot be opened: it was changed, or the key file is another one")]
    Unreadable,
    /// The subject was erased; nothing more can be sealed for it.
    #[error("this subject was erased")]
    Erased,
}

/// The keys.
pub struct Vault {
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Connection,
    keys: HashMap<Subject, Slot>,
    randomness: Randomness,
}

/// Where keys and nonces come from.
enum Randomness {
    /// The machine.
    Machine,
    /// A seed, so that a simulated day can be lived again byte for byte.
    Seed(Box<blake3::OutputReader>),
}

impl Randomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), VaultError> {
        match self {
            Self::Machine => getrandom::fill(bytes).map_err(|_| VaultError::Randomness),
            Self::Seed(reader) => {
                reader.fill(bytes);
                Ok(())
            }
        }
    }
}

/// A key, or the fact that there is none any more.
#[derive(Clone, Copy)]
enum Slot {
    Key([u8; KEY_BYTES]),
    Erased,
}

impl Vault {
    /// Opens or makes the key file.
    ///
    /// # Errors
    /// [`VaultError`] when the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        Self::prepare(Connection::open(path)?, Randomness::Machine)
    }

    /// Copies a key file to a new one, also while it is in use.
    ///
    /// # Errors
    /// [`VaultError`] when one of them cannot be used, or the new one exists.
    pub fn copy(from: &Path, to: &Path) -> Result<(), VaultError> {
        let connection = Connection::open(from)?;
        connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
        Ok(())
    }

    /// Keys that live as long as the process.
    ///
    /// # Errors
    /// [`VaultError`] when SQLite cannot be used at all.
    pub fn in_memory() -> Result<Self, VaultError> {
        Self::prepare(Connection::open_in_memory()?, Randomness::Machine)
    }

    /// Keys that live as long as the process and follow from a seed: for simulated people only,
    /// because whoever knows the seed knows the keys.
    ///
    /// # Errors
    /// [`VaultError`] when SQLite cannot be used at all.
    pub fn seeded(seed: u64) -> Result<Self, VaultError> {
        let mut hasher = blake3::Hasher::new_derive_key("lastmeter seeded vault 1");
        let reader = hasher.update(&seed.to_le_bytes()).finalize_xof();
        Self::prepare(Connection::open_in_memory()?, Randomness::Seed(Box::new(reader)))
    }

    fn prepare(connection: Connection, randomness: Randomness) -> Result<Self, VaultError> {
        // Several replicas of one machine may share the file.
        connection.busy_timeout(BUSY_MAX)?;
        // A rollback journal and secure deletion: an erased key is overwritten in the file, and
        // lingers in no write-ahead log.
        connection.execute_batch(
            "PRAGMA journal_mode = DELETE;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;
             CREATE TABLE IF NOT EXISTS keys (
                 subject TEXT PRIMARY KEY,
                 key BLOB -- NULL: erased
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS owners (
                 owner TEXT,
                 subject TEXT, -- erased with its owner
                 PRIMARY KEY (owner, subject)
             ) WITHOUT ROWID;",
        )?;
        let keys = HashMap::new();
        Ok(Self { inner: Mutex::new(Inner { connection, keys, randomness }) })
    }

    /// Encrypts a text with its subject's key; the first text of a subject makes the key, durably.
    ///
    /// # Errors
    /// [`VaultError`]; an erased subject gets no new key.
    pub fn seal(&self, subject: &Subject, text: &str) -> Result<Sealed, VaultError> {
        Ok(Sealed(STANDARD_NO_PAD.encode(self.seal_bytes(subject, text.as_bytes())?)))
    }

    /// Encrypts bytes as [`Vault::seal`] does a text: a nonce, and the ciphertext after it.
    ///
    /// # Errors
    /// [`VaultError`]; an erased subject gets no new key.
    pub fn seal_bytes(&self, subject: &Subject, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.key(subject)?;
        let mut nonce = [0; NONCE_BYTES];
        self.lock().randomness.fill(&mut nonce)?;
        let ciphertext = cipher(&key)
            .encrypt(&XNonce::from(nonce), plain)
            .map_err(|_| VaultError::Unreadable)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(ciphertext);
        Ok(bytes)
    }

    /// Decrypts a text.
    ///
    /// # Errors
    /// [`VaultError`]; an erased subject is no error but [`Opened::Erased`].
    pub fn open_sealed(&self, subject: &Subject, sealed: &Sealed) -> Result<Opened, VaultError> {
        let bytes = STANDARD_NO_PAD.decode(&sealed.0).map_err(|_| VaultError::Unreadable)?;
        match self.open_bytes(subject, &bytes)? {
            Some(text) => {
                String::from_utf8(text).map(Opened::Text).map_err(|_| VaultError::Unreadable)
            }
            None => Ok(Opened::Erased),
        }
    }

    /// Decrypts bytes; `None` when their subject was erased.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_bytes(
        &self,
        subject: &Subject,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let key = match self.lock().slot(subject)? {
            Some(Slot::Key(key)) => key,
            Some(Slot::Erased) => return Ok(None),
            None => return Err(VaultError::Unreadable),
        };
        let (nonce, ciphertext) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Unreadable)?;
        let plain = cipher(&key)
            .decrypt(&XNonce::from(*nonce), ciphertext)
            .map_err(|_| VaultError::Unreadable)?;
        Ok(Some(plain))
    }

    /// Deletes a subject's key for good, and the keys of what turned out to be its own. Doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`VaultError`] when the file cannot be written.
    pub fn erase(&self, subject: &Subject) -> Result<(), VaultError> {
        let mut inner = self.lock();
        let transaction = inner.connection.transaction()?;
        transaction.execute(
            "INSERT INTO keys (subject, key) VALUES (?1, NULL)
             ON CONFLICT (subject) DO UPDATE SET key = NULL",
            [subject.to_string()],
        )?;
        transaction.execute(
            "UPDATE keys SET key = NULL
             WHERE subject IN (SELECT subject FROM owners WHERE owner = ?1)",
            [subject.to_string()],
        )?;
        transaction.commit()?;
        // The keys of its pieces are looked up again.
        inner.keys.retain(|kept, _| !matches!(kept, Subject::Parcel(..)));
        inner.keys.insert(subject.clone(), Slot::Erased);
        Ok(())
    }

    /// Says whose a subject's texts turned out to be, so that they are erased with the owner: at
    /// once, where the owner is erased already. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`VaultError`] when the file cannot be read or written.
    pub fn bind(&self, subject: &Subject, owner: &Subject) -> Result<(), VaultError> {
        let is_owner_erased = {
            let mut inner = self.lock();
            // Nothing was ever sealed for it, and nothing will be.
            let Some(Slot::Key(_)) = inner.slot(subject)? else { return Ok(()) };
            inner.connection.execute(
                "INSERT INTO owners (subject, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                [subject.to_string(), owner.to_string()],
            )?;
            matches!(inner.slot(owner)?, Some(Slot::Erased))
        };
        if is_owner_erased { self.erase(subject) } else { Ok(()) }
    }

    /// A search token of a phone's last digits: equal for equal digits of the same community, and
    /// telling nothing without the community's key.
    ///
    /// # Errors
    /// [`VaultError`] when the community's key cannot be had.
    pub fn tail_token(&self, community: &CommunityId, tail: &str) -> Result<TailToken, VaultError> {
        // Digits only, so that no name's text below is ever hashed alike.
        Ok(TailToken::from_bytes(self.token(community, tail)?))
    }

    /// A search token of a whole name, equal for equal names of the same community.
    ///
    /// # Errors
    /// [`VaultError`] when the community's key cannot be had.
    pub fn name_token(&self, community: &CommunityId, name: &str) -> Result<NameToken, VaultError> {
        Ok(NameToken::from_bytes(self.token(community, &format!("name {name}"))?))
    }

    /// A search token of a family name; never equal to that of a whole name.
    ///
    /// # Errors
    /// [`VaultError`] when the community's key cannot be had.
    pub fn family_name_token(
        &self,
        community: &CommunityId,
        name: &str,
    ) -> Result<NameToken, VaultError> {
        Ok(NameToken::from_bytes(self.token(community, &format!("family name {name}"))?))
    }

    fn token(&self, community: &CommunityId, text: &str) -> Result<[u8; 8], VaultError> {
        let key = self.key(&Subject::Community(community.clone()))?;
        let hash = blake3::keyed_hash(&key, text.as_bytes());
        let mut token = [0; 8];
        token.copy_from_slice(&hash.as_bytes()[..8]);
        Ok(token)
    }

    /// The subject's key, made when there is none.
    fn key(&self, subject: &Subject) -> Result<[u8; KEY_BYTES], VaultError> {
        let mut inner = self.lock();
        match inner.slot(subject)? {
            Some(Slot::Key(key)) => Ok(key),
            Some(Slot::Erased) => Err(VaultError::Erased),
            None => {
                let mut key = [0; KEY_BYTES];
                inner.randomness.fill(&mut key)?;
                inner.connection.execute(
                    "INSERT INTO keys (subject, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    (subject.to_string(), key.as_slice()),
                )?;
                // Another replica may have made one a moment ago.
                match inner.slot(subject)? {
                    Some(Slot::Key(key)) => Ok(key),
                    Some(Slot::Erased) => Err(VaultError::Erased),
                    None => Err(VaultError::Unreadable),
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Nothing panics while the lock is held, and each step leaves the keys whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn slot(&mut self, subject: &Subject) -> Result<Option<Slot>, VaultError> {
        if let Some(slot) = self.keys.get(subject) {
            return Ok(Some(*slot));
        }
        let stored: Option<Option<Vec<u8>>> = self
            .connection
            .query_row("SELECT key FROM keys WHERE subject = ?1", [subject.to_string()], |row| {
                row.get(0)
            })
            .optional()?;
        let slot = match stored {
            None => return Ok(None),
            Some(None) => Slot::Erased,
            Some(Some(key)) => Slot::Key(key.try_into().map_err(|_| VaultError::Unreadable)?),
        };
        self.keys.insert(subject.clone(), slot);
        Ok(Some(slot))
    }
}

fn cipher(key: &[u8; KEY_BYTES]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn household(n: u128) -> Subject {
        Subject::Household("fumin".parse().unwrap(), HouseholdId(uuid::Uuid::from_u128(n)))
    }

    #[test]
    fn two_replicas_share_their_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let (one, two) = (Vault::open(&path).unwrap(), Vault::open(&path).unwrap());
        let community: CommunityId = "fumin".parse().unwrap();
        let token = one.tail_token(&community, "4321").unwrap();
        assert_eq!(two.tail_token(&community, "4321").unwrap(), token);
        let sealed = two.seal(&household(1), "三楼").unwrap();
        assert_eq!(one.open_sealed(&household(1), &sealed).unwrap(), Opened::Text("三楼".into()));
    }

    #[test]
    fn a_sealed_text_opens_with_its_own_key_only() {
        let vault = Vault::in_memory().unwrap();
        let sealed = vault.seal(&household(1), "敲门要响").unwrap();
        assert!(!sealed.0.contains("敲"));
        assert_eq!(
            vault.open_sealed(&household(1), &sealed).unwrap(),
            Opened::Text("敲门要响".into())
        );
        vault.seal(&household(2), "x").unwrap();
        assert!(vault.open_sealed(&household(2), &sealed).is_err());
    }

    #[test]
    fn an_erased_subject_is_gone_from_the_file_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let vault = Vault::open(&path).unwrap();
        let sealed = vault.seal(&household(1), "13800000000").unwrap();
        let key = match vault.lock().slot(&household(1)).unwrap() {
            Some(Slot::Key(key)) => key,
            Some(Slot::Erased) | None => panic!("a key"),
        };
        let holds_key = || {
            let bytes = std::fs::read(&path).unwrap();
            bytes.windows(KEY_BYTES).any(|window| window == key)
        };
        assert!(holds_key());
        vault.erase(&household(1)).unwrap();
        assert!(!holds_key());
        drop(vault);
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.open_sealed(&household(1), &sealed).unwrap(), Opened::Erased);
        assert!(matches!(vault.seal(&household(1), "again"), Err(VaultError::Erased)));
    }

    #[test]
    fn what_turned_out_to_be_somebodys_is_erased_with_him() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let vault = Vault::open(&path).unwrap();
        let parcel =
            |n| Subject::Parcel("fumin".parse().unwrap(), ParcelId(uuid::Uuid::from_u128(n)));
        let sealed = |n| vault.seal(&parcel(n), "4567").unwrap();
        let [his, late, others] = [1, 2, 3].map(sealed);
        vault.bind(&parcel(1), &household(1)).unwrap();
        vault.bind(&parcel(1), &household(1)).unwrap();
        vault.bind(&parcel(3), &household(2)).unwrap();
        vault.erase(&household(1)).unwrap();
        vault.bind(&parcel(2), &household(1)).unwrap();
        let opened = |vault: &Vault, n, text| vault.open_sealed(&parcel(n), text).unwrap();
        let again = Vault::open(&path).unwrap();
        for vault in [&vault, &again] {
            assert_eq!(opened(vault, 1, &his), Opened::Erased);
            assert_eq!(opened(vault, 2, &late), Opened::Erased);
            assert_eq!(opened(vault, 3, &others), Opened::Text("4567".into()));
        }
        // A piece without texts leaves no trace.
        vault.bind(&parcel(4), &household(2)).unwrap();
        vault.seal(&parcel(4), "x").unwrap();
    }

    #[test]
    fn keys_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let sealed = Vault::open(&path).unwrap().seal(&household(1), "李").unwrap();
        let vault = Vault::open(&path).unwrap();
        assert_eq!(vault.open_sealed(&household(1), &sealed).unwrap(), Opened::Text("李".into()));
    }

    #[test]
    fn a_seed_gives_the_same_keys_again() {
        let sealed = |seed| {
            let vault = Vault::seeded(seed).unwrap();
            [vault.seal(&household(1), "x").unwrap(), vault.seal(&household(1), "x").unwrap()]
        };
        assert_eq!(sealed(7), sealed(7));
        assert_ne!(sealed(7), sealed(8));
        assert_ne!(sealed(7)[0], sealed(7)[1]);
    }

    #[test]
    fn tail_tokens_are_of_their_community() {
        let vault = Vault::in_memory().unwrap();
        let token = |community: &str, tail: &str| {
            vault.tail_token(&community.parse().unwrap(), tail).unwrap()
        };
        assert_eq!(token("fumin", "4567"), token("fumin", "4567"));
        assert_ne!(token("fumin", "4567"), token("fumin", "4568"));
        assert_ne!(token("fumin", "4567"), token("miansi", "4567"));
    }
}
