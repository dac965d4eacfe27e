# Inside the emulator: a USB-MIDI synth made of the kernel's own gadget, to be plugged and unplugged. Sourced.
gadget=/sys/kernel/config/usb_gadget/g1

make_gadget() { # NAME
    modprobe -a dummy_hcd libcomposite usb_f_midi snd-usb-audio
    mount -t configfs none /sys/kernel/config 2>/dev/null || true
    mkdir -p $gadget/strings/0x409 $gadget/configs/c.1/strings/0x409 $gadget/functions/midi.usb0
    echo 0x1209 > $gadget/idVendor
    echo 0x0001 > $gadget/idProduct
    echo Acme > $gadget/strings/0x409/manufacturer
    echo "$1" > $gadget/strings/0x409/product
    echo SN1 > $gadget/strings/0x409/serialnumber
    ln -s $gadget/functions/midi.usb0 $gadget/configs/c.1/
}

plug() { echo dummy_udc.0 > $gadget/UDC; }
unplug() { echo "" > $gadget/UDC; }
