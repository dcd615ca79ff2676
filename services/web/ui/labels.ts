import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Labels from "./labels/Labels.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Labels, { target: document.getElementById("app")! });
