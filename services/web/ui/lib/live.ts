/**
 * Follows views over `graphql-transport-ws`, with nothing but the browser's own WebSocket.
 *
 * Every frame is a whole view, so whoever was away needs no more than the next one: a lost
 * connection is opened again and every document subscribed anew. When no connection can be had, a
 * proxy in between may not let it through; then `polling` is told, and the page asks by itself.
 */

export interface Document<T> {
  query: string;
  variables: Record<string, unknown>;
  next: (data: T) => void;
}

/** `live`: frames come by themselves. `opening`: not yet. `polling`: nobody brings them. */
export type Link = "opening" | "live" | "polling";

const PROTOCOL = "graphql-transport-ws";
const OPEN_MAX_MS = 5_000;
const SILENCE_MAX_MS = 50_000; // the engine says something every 20 s
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
/** So many openings in a row fail before the page is told to ask by itself. */
const FAILURES_UNTIL_POLLING = 2;
/** What a browser tells of its network. */
const TURNS = ["online", "offline"];

interface Said {
  type: string;
  id?: string;
  payload?: { data?: unknown; errors?: unknown };
}

/** Documents of several shapes lie in one list. */
type Any = Document<never>;

export class Live {
  #socket: WebSocket | null = null;
  #documents: Any[] = [];
  #failures = 0;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly path: string,
    readonly changed: (link: Link) => void,
  ) {}

  /** Begins to follow documents; those that were followed before are let go. */
  follow(documents: readonly Document<never>[]) {
    this.#documents = [...documents];
    this.#closed = false;
    for (const turn of TURNS) addEventListener(turn, this.#anew);
    this.#anew();
  }

  stop() {
    this.#closed = true;
    for (const turn of TURNS) removeEventListener(turn, this.#anew);
    this.#drop();
  }

  /** Also when the network goes or comes: what was open may be dead without having said so. */
  readonly #anew = () => {
    this.#failures = 0;
    this.#open();
  };

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#heard);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }

  #open() {
    this.#drop();
    if (this.#failures < FAILURES_UNTIL_POLLING) this.changed("opening");
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, PROTOCOL);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(), OPEN_MAX_MS);
    const tell = (said: Said) => socket.send(JSON.stringify(said));
    socket.onopen = () => tell({ type: "connection_init" });
    socket.onclose = () => this.#lost();
    socket.onerror = () => this.#lost();
    socket.onmessage = ({ data }) => {
      this.#hear();
      const said = JSON.parse(String(data)) as Said;
      switch (said.type) {
        case "connection_ack":
          clearTimeout(this.#timer);
          this.#documents.forEach(({ query, variables }, at) =>
            tell({ type: "subscribe", id: String(at), payload: { query, variables } as Said["payload"] & object }),
          );
          break;
        case "ping":
          tell({ type: "pong" });
          break;
        case "next":
          if (said.payload?.errors) return this.#lost();
          this.#failures = 0;
          this.changed("live");
          (this.#documents[Number(said.id)] as Document<unknown> | undefined)?.next(said.payload?.data);
          break;
        case "error":
        case "complete":
          // A view that ends tells why in its last frame; it is followed anew.
          this.#lost();
          break;
      }
    };
  }

  /** A connection that says nothing at all is dead, whatever the browser thinks. */
  #hear() {
    clearTimeout(this.#heard);
    this.#heard = setTimeout(() => this.#lost(), SILENCE_MAX_MS);
  }

  #lost() {
    this.#drop();
    if (this.#closed) return;
    this.#failures += 1;
    if (this.#failures >= FAILURES_UNTIL_POLLING) this.changed("polling");
    const delay = RETRY_MS[Math.min(this.#failures, RETRY_MS.length) - 1]!;
    this.#timer = setTimeout(() => this.#open(), delay);
  }
}
