// The SDK's own worker for its IndexedDB store.
import { IndexedDBStoreWorker } from 'matrix-js-sdk/lib/indexeddb-worker.js';

const worker = new IndexedDBStoreWorker(postMessage);
onmessage = worker.onMessage;
