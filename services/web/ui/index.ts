import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Index from "./Index.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Index, { target: document.getElementById("app")! });
