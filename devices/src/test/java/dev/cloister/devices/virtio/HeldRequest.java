package dev.cloister.devices.virtio;

import java.util.concurrent.CountDownLatch;

/** What a device does while it serves: nothing, until the test lets go of it. */
final class HeldRequest implements Runnable {
    private final CountDownLatch began = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @Override
    public void run() {
        began.countDown();
        try {
            goOn.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until a request is being served. */
    void awaitBegin() throws InterruptedException {
        began.await();
    }

    void letGo() {
        goOn.countDown();
    }
}
