import "./styles/tokens.css";
import "./styles/base.css";
import { mount } from "svelte";
import Route from "./route/Route.svelte";
import { keepPages } from "./lib/sync.svelte";

keepPages();
mount(Route, { target: document.getElementById("app")! });
