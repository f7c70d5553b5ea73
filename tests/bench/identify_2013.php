<?php
// The lookup of 2013: an AGI script that Asterisk starts for every call. It asks 1C's web service for the caller's name.
// Arguments: the WSDL and the folder that keeps it read, as a php.ini would set it.
ini_set('soap.wsdl_cache_dir', $argv[2]);
ini_set('default_socket_timeout', '1');  // seconds to read; 2013: 1
$asked = [];
while (($line = trim(fgets(STDIN))) !== '') {
    [$key, $value] = explode(':', $line, 2);
    $asked[$key] = trim($value);
}
try {
    $onec = new SoapClient($argv[1], [
        'connection_timeout' => 2,  // whole seconds; 2013: 1.5
        'cache_wsdl' => WSDL_CACHE_DISK,
        'exceptions' => true,
    ]);
    $name = (string) $onec->identify(['Number' => $asked['agi_callerid']])->return;
} catch (Throwable $error) {
    $name = '';
}
if ($name !== '') {
    echo 'SET VARIABLE CALLERID(name) "' . addcslashes($name, '"\\') . "\"\n";
    fgets(STDIN);
}
