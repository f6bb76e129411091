/** Pages as people see them: opened in a headless browser. */
package dev.cloister.it.browser;
