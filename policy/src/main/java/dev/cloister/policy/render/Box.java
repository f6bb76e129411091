package dev.cloister.policy.render;

/**
 * A rectangle of the drawing, in CSS pixels.
 *
 * @param x left
 * @param y top
 * @param w width
 * @param h height
 */
record Box(double x, double y, double w, double h) {
    double cx() {
        return x + w / 2;
    }

    double cy() {
        return y + h / 2;
    }

    double right() {
        return x + w;
    }

    double bottom() {
        return y + h;
    }
}
