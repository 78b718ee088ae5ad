//! Scratch.
use std::sync::Arc;
use std::time::Instant;
use latchkey_storage::id::*;
use latchkey_storage::*;
struct Nothing;
impl Feed for Nothing { fn applied(&self, _: Seq, _: &Arc<Record>) {} }
use std::sync::atomic::*;
static B: AtomicU64 = AtomicU64::new(0); static NS: AtomicU64 = AtomicU64::new(0);
impl CommitObserver for Nothing { fn committed(&self, _: usize, _: usize, n: u64) { B.fetch_add(1, Ordering::Relaxed); NS.fetch_add(n, Ordering::Relaxed);} }
fn key(t: TenantId, n: u64) -> Vec<u8> { let mut k = t.as_bytes().to_vec(); k.push(0xE0); k.extend_from_slice(&n.to_be_bytes()); k }
const N: u64 = 300; const W: u64 = 64;
fn ops(t: TenantId, n: u64) -> Vec<Op> {
    (0..3).map(|i| Op { family: if i == 2 {Family::Audit} else {Family::Rows}, key: key(t, n * 3 + i), value: Some(vec![b'x'; 100]) }).collect()
}
fn main() {
    let root = std::env::args().nth(1).unwrap();
    for round in 0..6 {
    let dir = format!("{root}/a{round}");
    let store = Store::create(&dir, &Options::default(), &MasterKey::new([1; 32]), &OsEntropy).unwrap();
    let t0 = Instant::now();
    let log = LocalLog::start(Arc::clone(&store), Arc::new(Nothing), LogOptions::default(), Arc::new(Nothing), Arc::new(move || t0.elapsed().as_nanos() as u64)).unwrap();
    let start = Instant::now(); B.store(0, Ordering::Relaxed); NS.store(0, Ordering::Relaxed);
    std::thread::scope(|s| { for w in 0..W { let log = &log; s.spawn(move || {
        let t = TenantId::new(u128::from(w+1).to_be_bytes()); let mut prev = Version(0);
        for n in 0..N { let r = Record::new(TransactionId::new([1;16]), t, prev, 0, 0, ops(t, n)); prev = log.append(r).wait().unwrap().into(); }
    }); } });
    let ours = (W*N) as f64 / start.elapsed().as_secs_f64();
    let groups = format!("{} groups {}ms of {}ms in write", B.load(Ordering::Relaxed), NS.load(Ordering::Relaxed)/1000000, start.elapsed().as_millis());
    log.close(); drop(log); drop(store);
    let store = Store::create(&format!("{root}/c{round}"), &Options::default(), &MasterKey::new([1; 32]), &OsEntropy).unwrap();
    let log = LocalLog::start(Arc::clone(&store), Arc::new(Nothing), LogOptions::default(), Arc::new(Nothing), Arc::new(move || t0.elapsed().as_nanos() as u64)).unwrap();
    // the same with async tasks on a 2-thread runtime
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let start = Instant::now(); B.store(0, Ordering::Relaxed); NS.store(0, Ordering::Relaxed);
    rt.block_on(async { let mut js = vec![]; for w in 0..W { let log = Arc::clone(&log); js.push(tokio::spawn(async move {
        let t = TenantId::new(u128::from(w+1001).to_be_bytes()); let mut prev = Version(0);
        for n in 0..N { let r = Record::new(TransactionId::new([1;16]), t, prev, 0, 0, ops(t, n)); prev = log.append(r).await.unwrap().into(); }
    })); } for j in js { j.await.unwrap(); } });
    let tasks = (W*N) as f64 / start.elapsed().as_secs_f64();
    let tgroups = format!("{} groups {}ms of {}ms in write", B.load(Ordering::Relaxed), NS.load(Ordering::Relaxed)/1000000, start.elapsed().as_millis());
    drop(rt); log.close(); drop(log); drop(store);

    let mut o = rocksdb::Options::default(); o.create_if_missing(true); o.create_missing_column_families(true);
    let db = rocksdb::DB::open_cf(&o, format!("{root}/b{round}"), ["rows", "audit"]).unwrap();
    let start = Instant::now();
    std::thread::scope(|s| { for w in 0..W { let db = &db; s.spawn(move || {
        let t = TenantId::new(u128::from(w+1).to_be_bytes());
        let mut wo = rocksdb::WriteOptions::default(); wo.set_sync(true);
        for n in 0..N { let mut b = rocksdb::WriteBatch::default();
            for op in ops(t, n) { b.put_cf(db.cf_handle(op.family.name()).unwrap(), op.key, op.value.unwrap()); }
            db.write_opt(b, &wo).unwrap(); }
    }); } });
    let bare = (W*N) as f64 / start.elapsed().as_secs_f64();
    // one thread, batches of 64
    let start = Instant::now();
    let mut wo = rocksdb::WriteOptions::default(); wo.set_sync(true);
    for n in 0..N { let mut b = rocksdb::WriteBatch::default(); for w in 0..W { let t = TenantId::new(u128::from(w+1).to_be_bytes());
        for op in ops(t, n) { b.put_cf(db.cf_handle(op.family.name()).unwrap(), op.key, op.value.unwrap()); } }
        db.write_opt(b, &wo).unwrap(); }
    let single = (W*N) as f64 / start.elapsed().as_secs_f64();
    drop(db);
    println!("ours {ours:.0} ({groups} groups) tasks {tasks:.0} ({tgroups} groups) bare64 {bare:.0} batch64 {single:.0}  ours/bare {:.2} tasks/bare {:.2}", ours / bare, tasks / bare);
    }
}
