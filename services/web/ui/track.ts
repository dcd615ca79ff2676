import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Track from "./track/Track.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Track, { target: document.getElementById("app")! });
