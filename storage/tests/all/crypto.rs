//! Sealed values open for their key and at their place, and for nothing else.

use latchkey_storage::id::TenantId;
use latchkey_storage::tables::DataKeys;
use latchkey_storage::{
    CryptoError, DataKey, LogOptions, MasterKey, OsEntropy, Place, Row, Sealed, SeededEntropy,
    WrappedKey,
};
use proptest::prelude::*;

use crate::harness::{Notes, Secrets, Trail, World, master, small, tenant};

fn keys(world: &World, owner: TenantId, version: u32) -> (DataKey, WrappedKey) {
    world.store.keyring().new_data_key(owner, version, &SeededEntropy::new(9))
}

#[test]
fn a_secret_is_sealed_stored_and_opened() {
    let world = World::with(&small(), LogOptions::default());
    let (key, wrapped) = keys(&world, tenant(1), 1);
    let place = Place::of::<Secrets>(tenant(1), &(5,), "password");
    let sealed = key.seal(&place, b"correct horse battery", &OsEntropy);
    world
        .commit(tenant(1), |view| {
            view.put::<Secrets>(&(5,), &sealed);
            view.put::<DataKeys>(&(1,), &wrapped);
        })
        .unwrap();
    let world = world.reopened().unwrap();
    let view = world.store.view(tenant(1));
    let wrapped = view.get::<DataKeys>(&(1,)).unwrap().unwrap();
    let key = view.keyring().unwrap(tenant(1), 1, &wrapped).unwrap();
    let sealed = view.get::<Secrets>(&(5,)).unwrap().unwrap();
    assert_eq!(key.open(&place, &sealed).unwrap().expose(), b"correct horse battery");
    drop(view);
    let dir = world.shut();
    for entry in std::fs::read_dir(dir.path().join("store")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found = bytes.windows(13).any(|window| window == b"correct horse");
        assert!(!found, "plaintext in {}", path.display());
    }
}

#[test]
fn a_sealed_value_does_not_move() {
    let world = World::new();
    let (key, _) = keys(&world, tenant(1), 1);
    let place = Place::of::<Notes>(tenant(1), &(5,), "password");
    let sealed = key.seal(&place, b"secret", &OsEntropy);
    for elsewhere in [
        Place::of::<Notes>(tenant(1), &(6,), "password"),
        Place::of::<Notes>(tenant(2), &(5,), "password"),
        Place::of::<Notes>(tenant(1), &(5,), "passwort"),
        Place::of::<Trail>(tenant(1), &(5,), "password"),
    ] {
        assert_eq!(
            key.open(&elsewhere, &sealed).err(),
            Some(CryptoError::Unauthentic),
            "{elsewhere:?}"
        );
    }
    let (newer, _) = keys(&world, tenant(1), 2);
    let other = CryptoError::KeyVersion { sealed: 1, given: 2 };
    assert_eq!(newer.open(&place, &sealed).err(), Some(other));
    let (_, wrapped) = keys(&world, tenant(1), 1);
    let keyring = world.store.keyring();
    assert!(keyring.unwrap(tenant(1), 1, &wrapped).is_ok());
    assert_eq!(keyring.unwrap(tenant(2), 1, &wrapped).err(), Some(CryptoError::Unauthentic));
    assert_eq!(keyring.unwrap(tenant(1), 2, &wrapped).err(), Some(CryptoError::Unauthentic));
}

#[test]
fn a_data_key_that_does_not_open_is_found() {
    let world = World::new();
    for (owner, sealed_for) in [(1, 1), (2, 1)] {
        let (_, wrapped) = keys(&world, tenant(sealed_for), 1);
        world.commit(tenant(owner), |view| view.put::<DataKeys>(&(1,), &wrapped)).unwrap();
    }
    let report = world.store.verify().unwrap();
    assert_eq!((report.rows["DataKeys"], report.corrupt_rows), (2, 1), "{report:?}");
    assert!(report.corrupt[0].to_string().starts_with("DataKeys `00000001`"), "{report:?}");
}

#[test]
fn the_same_secret_is_never_sealed_the_same() {
    let world = World::new();
    let (key, _) = keys(&world, tenant(1), 1);
    let place = Place::of::<Notes>(tenant(1), &(5,), "password");
    assert_ne!(key.seal(&place, b"secret", &OsEntropy), key.seal(&place, b"secret", &OsEntropy));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_value_does_not_open(plain: Vec<u8>, at: prop::sample::Index, flip in 1_u8..) {
        let world = &*WORLD;
        let (key, _) = keys(world, tenant(1), 1);
        let place = Place::of::<Notes>(tenant(1), &(5,), "password");
        let sealed = key.seal(&place, &plain, &OsEntropy);
        let opened = key.open(&place, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &plain);
        let mut row = sealed.encode();
        let at = 1 + at.index(row.len() - 1);
        row[at] ^= flip;
        if let Ok(changed) = Sealed::decode(&row) {
            prop_assert!(key.open(&place, &changed).is_err());
        }
    }

    #[test]
    fn no_bytes_make_an_opener_panic(bytes: Vec<u8>) {
        let world = &*WORLD;
        let (key, _) = keys(world, tenant(1), 1);
        let row = [&[1, 1, u8::try_from(bytes.len().min(250)).unwrap()], &bytes[..bytes.len().min(250)]].concat();
        let sealed = Sealed::decode(&row).unwrap();
        prop_assert!(key.open(&Place::of::<Notes>(tenant(1), &(5,), ""), &sealed).is_err());
    }
}

static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(World::new);

#[test]
fn a_master_key_is_read_in_every_usual_form() {
    let bytes: [u8; 32] = std::array::from_fn(|n| 0xF8 | u8::try_from(n % 8).unwrap());
    let key = MasterKey::new(bytes);
    let text = key.to_text();
    let url = text.replace('+', "-").replace('/', "_");
    let hex = hex::encode_upper(bytes);
    assert_ne!(*text, url);
    for form in [
        text.as_str(),
        text.trim_end_matches('='),
        &url,
        url.trim_end_matches('='),
        &hex,
        &hex.to_lowercase(),
        &format!(" {}\n", text.as_str()),
    ] {
        assert_eq!(MasterKey::from_text(form).unwrap().to_text(), text, "{form}");
    }
    for wrong in ["", "secret", &hex[2..], &format!("{hex}00"), &"zz".repeat(32), &text[4..]] {
        let refused = MasterKey::from_text(wrong).err().unwrap().to_string();
        assert!(!refused.contains(wrong) || wrong.is_empty(), "a refused key is not repeated");
    }
    let generated = MasterKey::generate(&OsEntropy).to_text();
    assert_ne!(generated, MasterKey::generate(&OsEntropy).to_text());
    assert_eq!(MasterKey::from_text(&generated).unwrap().to_text(), generated);
    assert_ne!(master().to_text(), text);
}

#[test]
fn fingerprints_show_little_and_compare() {
    let world = World::new();
    let [one, same, other] = [b"a", b"a", b"b"].map(|secret| world.store.fingerprint(secret));
    assert!(one == same && one != other);
    assert_eq!(format!("{one:?}").chars().count(), "Fingerprint(00000000…)".chars().count());
}
