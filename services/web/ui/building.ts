import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Building from "./building/Building.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Building, { target: document.getElementById("app")! });
