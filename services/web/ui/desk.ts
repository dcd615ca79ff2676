import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Desk from "./desk/Desk.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Desk, { target: document.getElementById("app")! });
