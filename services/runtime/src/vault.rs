//! Keys of personal data: one per household, volunteer, community or unidentified piece. Deleting a
//! key erases everything that was sealed with it, wherever its ciphertext has been copied
//! (crypto-shredding).
//!
//! The keys lie in a file of their own, or in a folder that replicas on several machines share,
//! beside the log and never in it.

mod keys;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::household::event::{NameToken, TailToken};
use domain::ids::{CommunityId, HouseholdId, ParcelId, VolunteerId};
use domain::sealed::Sealed;
use rusqlite::{Connection, OpenFlags};

use self::keys::Keys;

/// Bytes of a nonce of `XChaCha20-Poly1305`: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;
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
    /// The key folder failed.
    #[error("the key folder failed")]
    Folder(#[from] std::io::Error),
    /// There are keys where they are to be copied to.
    #[error("{} holds keys already; name a folder without any", path.display())]
    NotEmpty {
        /// The folder.
        path: std::path::PathBuf,
    },
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
    keys: Keys,
    known: HashMap<Subject, Slot>,
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
    /// Opens or makes the key file; where `path` is a folder, the keys are in it, one file each,
    /// and replicas on several machines may share it.
    ///
    /// # Errors
    /// [`VaultError`] when the file or folder cannot be used.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        Ok(Self::of(Keys::open(path)?, Randomness::Machine))
    }

    /// Copies keys to a new file, or to an empty folder, also while they are in use.
    ///
    /// # Errors
    /// [`VaultError`] when one of them cannot be used, or the new one holds keys.
    pub fn copy(from: &Path, to: &Path) -> Result<(), VaultError> {
        let from = Keys::open(from)?;
        if let (Keys::Database(connection), false) = (&from, to.is_dir()) {
            connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
            return Ok(());
        }
        let copy = Keys::open(to)?;
        if !copy.all()?.is_empty() {
            return Err(VaultError::NotEmpty { path: to.to_owned() });
        }
        for (subject, slot) in from.all()? {
            let key = match &slot {
                Slot::Key(key) => Some(key),
                Slot::Erased => None,
            };
            copy.add(&subject, key)?;
        }
        for (subject, owner) in from.bound()? {
            copy.bind(&subject, &owner)?;
        }
        Ok(())
    }

    /// How many keys lie at a path, erased ones too. It changes nothing there.
    ///
    /// # Errors
    /// [`VaultError`] when they cannot be read.
    pub fn held(path: &Path) -> Result<u64, VaultError> {
        if path.is_dir() {
            return Ok(Keys::open(path)?.all()?.len() as u64);
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count: i64 = connection.query_row("SELECT count(*) FROM keys", [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Keys that live as long as the process.
    ///
    /// # Errors
    /// [`VaultError`] when SQLite cannot be used at all.
    pub fn in_memory() -> Result<Self, VaultError> {
        Ok(Self::of(Keys::database(Connection::open_in_memory()?)?, Randomness::Machine))
    }

    /// Keys that live as long as the process and follow from a seed: for simulated people only,
    /// because whoever knows the seed knows the keys.
    ///
    /// # Errors
    /// [`VaultError`] when SQLite cannot be used at all.
    pub fn seeded(seed: u64) -> Result<Self, VaultError> {
        let mut hasher = blake3::Hasher::new_derive_key("lastmeter seeded vault 1");
        let reader = hasher.update(&seed.to_le_bytes()).finalize_xof();
        let keys = Keys::database(Connection::open_in_memory()?)?;
        Ok(Self::of(keys, Randomness::Seed(Box::new(reader))))
    }

    fn of(keys: Keys, randomness: Randomness) -> Self {
        Self { inner: Mutex::new(Inner { keys, known: HashMap::new(), randomness }) }
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
        inner.keys.erase(&subject.to_string())?;
        // The keys of its pieces are looked up again.
        inner.known.retain(|kept, _| !matches!(kept, Subject::Parcel(..)));
        inner.known.insert(subject.clone(), Slot::Erased);
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
            inner.keys.bind(&subject.to_string(), &owner.to_string())?;
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
                inner.keys.add(&subject.to_string(), Some(&key))?;
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
        if let Some(slot) = self.known.get(subject) {
            return Ok(Some(*slot));
        }
        let slot = self.keys.find(&subject.to_string())?;
        if let Some(slot) = slot {
            self.known.insert(subject.clone(), slot);
        }
        Ok(slot)
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

    /// A file of one machine, and a folder of several.
    fn places() -> [(tempfile::TempDir, std::path::PathBuf); 2] {
        ["keys.db", ""].map(|name| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            (folder, path)
        })
    }

    #[test]
    fn two_replicas_share_their_keys() {
        for (_folder, path) in places() {
            let (one, two) = (Vault::open(&path).unwrap(), Vault::open(&path).unwrap());
            let community: CommunityId = "fumin".parse().unwrap();
            let token = one.tail_token(&community, "4321").unwrap();
            assert_eq!(two.tail_token(&community, "4321").unwrap(), token);
            let sealed = two.seal(&household(1), "三楼").unwrap();
            let opened = one.open_sealed(&household(1), &sealed).unwrap();
            assert_eq!(opened, Opened::Text("三楼".into()));
            one.erase(&household(1)).unwrap();
            one.erase(&household(2)).unwrap();
            let three = Vault::open(&path).unwrap();
            assert_eq!(three.open_sealed(&household(1), &sealed).unwrap(), Opened::Erased);
            assert!(matches!(two.seal(&household(2), "x"), Err(VaultError::Erased)));
        }
    }

    /// Each of many replicas seals the first text of each subject at the same time as the others.
    #[test]
    fn a_key_that_all_make_at_once_is_one_key() {
        const REPLICAS: usize = 8;
        const SUBJECTS: u128 = 40;
        for (_folder, path) in places() {
            let begin = std::sync::Barrier::new(REPLICAS);
            let seal = || {
                let vault = Vault::open(&path).unwrap();
                let sealed = (0..SUBJECTS).map(|n| {
                    begin.wait();
                    vault.seal(&household(n), "x").unwrap()
                });
                sealed.collect::<Vec<_>>()
            };
            let all: Vec<_> = std::thread::scope(|scope| {
                let replicas: Vec<_> = (0..REPLICAS).map(|_| scope.spawn(seal)).collect();
                replicas.into_iter().map(|replica| replica.join().unwrap()).collect()
            });
            let reader = Vault::open(&path).unwrap();
            for sealed in &all {
                for (n, sealed) in (0..SUBJECTS).zip(sealed) {
                    let opened = reader.open_sealed(&household(n), sealed).unwrap();
                    assert_eq!(opened, Opened::Text("x".into()), "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn keys_move_from_a_file_to_a_folder_and_back() {
        let ((_one, file), (_two, folder), (_three, back)) = {
            let [file, folder] = places();
            let [back, _] = places();
            (file, folder, back)
        };
        let vault = Vault::open(&file).unwrap();
        let sealed = vault.seal(&household(1), "李").unwrap();
        let gone = vault.seal(&household(2), "王").unwrap();
        vault.erase(&household(2)).unwrap();
        Vault::copy(&file, &folder).unwrap();
        assert!(matches!(Vault::copy(&file, &folder), Err(VaultError::NotEmpty { .. })));
        Vault::copy(&folder, &back).unwrap();
        for path in [&folder, &back] {
            let vault = Vault::open(path).unwrap();
            let opened = vault.open_sealed(&household(1), &sealed).unwrap();
            assert_eq!(opened, Opened::Text("李".into()));
            assert_eq!(vault.open_sealed(&household(2), &gone).unwrap(), Opened::Erased);
        }
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
    fn an_erased_subject_is_gone_from_the_disk_too() {
        for (folder, path) in places() {
            let vault = Vault::open(&path).unwrap();
            let sealed = vault.seal(&household(1), "13800000000").unwrap();
            let key = match vault.lock().slot(&household(1)).unwrap() {
                Some(Slot::Key(key)) => key,
                Some(Slot::Erased) | None => panic!("a key"),
            };
            let holds_key = || {
                files(folder.path()).iter().any(|file| {
                    let bytes = std::fs::read(file).unwrap();
                    bytes.windows(KEY_BYTES).any(|window| window == key)
                })
            };
            assert!(holds_key());
            vault.erase(&household(1)).unwrap();
            assert!(!holds_key());
            drop(vault);
            let vault = Vault::open(&path).unwrap();
            assert_eq!(vault.open_sealed(&household(1), &sealed).unwrap(), Opened::Erased);
            assert!(matches!(vault.seal(&household(1), "again"), Err(VaultError::Erased)));
        }
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
        files.collect()
    }

    #[test]
    fn what_turned_out_to_be_somebodys_is_erased_with_him() {
        for (_folder, path) in places() {
            let vault = Vault::open(&path).unwrap();
            let parcel =
                |n| Subject::Parcel("fumin".parse().unwrap(), ParcelId(uuid::Uuid::from_u128(n)));
            let sealed = |n| vault.seal(&parcel(n), "4567").unwrap();
            let [his, late, others] = [1, 2, 3].map(sealed);
            vault.bind(&parcel(1), &household(1)).unwrap();
            vault.bind(&parcel(1), &household(1)).unwrap();
            vault.bind(&parcel(3), &household(2)).unwrap();
            // What is bound stays bound in a copy.
            let [_, (_place, copied)] = places();
            Vault::copy(&path, &copied).unwrap();
            let copied = Vault::open(&copied).unwrap();
            for vault in [&vault, &copied] {
                vault.erase(&household(1)).unwrap();
                vault.bind(&parcel(2), &household(1)).unwrap();
            }
            let opened = |vault: &Vault, n, text| vault.open_sealed(&parcel(n), text).unwrap();
            let again = Vault::open(&path).unwrap();
            for vault in [&vault, &again, &copied] {
                assert_eq!(opened(vault, 1, &his), Opened::Erased);
                assert_eq!(opened(vault, 2, &late), Opened::Erased);
                assert_eq!(opened(vault, 3, &others), Opened::Text("4567".into()));
            }
            // A piece without texts leaves no trace.
            vault.bind(&parcel(4), &household(2)).unwrap();
            vault.seal(&parcel(4), "x").unwrap();
        }
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
